import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { adoptKeyFromAddress } from "@/lib/session-key";

import { TestPage } from "./test-page";

import "@/styles.css";

adoptKeyFromAddress();

const root = document.getElementById("test-page");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <TestPage />
    </StrictMode>,
  );
}
