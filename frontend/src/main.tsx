import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { ApiError } from "@/api/http";
import { ErrorBoundary } from "@/app/error-boundary";
import { Pages, preload } from "@/app/pages";
import { preferredLanguage, speak, useLanguage } from "@/i18n/language";
import { keyFromAddress, logIn } from "@/lib/login";
import { showTheme, storedTheme } from "@/lib/theme";

import "./styles.css";

showTheme(storedTheme());
/** On a slow network the frame of the page comes first. */
const PATIENCE_MS = 300;
const patience = new Promise((done) => setTimeout(done, PATIENCE_MS));
await Promise.all([speak(preferredLanguage()), Promise.race([preload(location.pathname), patience])]);
const key = keyFromAddress();
// A key that is wrong leads to the page that asks for it.
if (key !== null) await logIn(key);

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Only what may pass by itself is tried again.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

/** Another language draws everything anew. */
function InLanguage() {
  return <Pages key={useLanguage()} />;
}

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <QueryClientProvider client={queries}>
          <BrowserRouter>
            <InLanguage />
          </BrowserRouter>
        </QueryClientProvider>
      </ErrorBoundary>
    </StrictMode>,
  );
}
