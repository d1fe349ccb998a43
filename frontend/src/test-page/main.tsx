import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { keyFromAddress, logIn } from "@/lib/login";

import { TestPage } from "./test-page";

import "@/styles.css";

const key = keyFromAddress();
if (key !== null) await logIn(key);

const root = document.getElementById("test-page");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <TestPage />
    </StrictMode>,
  );
}
