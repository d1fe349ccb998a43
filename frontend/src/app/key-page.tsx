import { useState } from "react";

import { Button } from "@/components/button";
import { logIn, nextPage } from "@/lib/login";

/** Asks for the session key when the server wants one. */
export function KeyPage() {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    const problem = await logIn(key.trim());
    setBusy(false);
    setProblem(problem);
    if (problem === null) location.assign(location.pathname === "/login" ? nextPage() : location.href);
  };
  return (
    <main className="mx-auto flex h-full max-w-md flex-col justify-center px-6">
      <h1 className="text-xl font-semibold tracking-tight">This server needs its key</h1>
      <p className="mt-2 text-muted">
        Open the address that the server printed when it started (it ends with <code className="font-mono text-sm">#key=…</code>
        ), or enter the key here. <code className="font-mono text-sm">openhands key</code> prints it again.
      </p>
      <form
        className="mt-5 flex gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "" && !isBusy) void submit();
        }}
      >
        <input
          type="password"
          autoFocus
          autoComplete="current-password"
          aria-label="Session key"
          aria-invalid={problem !== null}
          value={key}
          onChange={(event) => {
            setKey(event.target.value);
            setProblem(null);
          }}
          className="min-w-0 flex-1 rounded-lg border border-line-strong bg-raised px-3 py-2"
        />
        <Button type="submit" look="primary" disabled={isBusy}>
          Continue
        </Button>
      </form>
      <p role="alert" className="mt-2 min-h-6 text-sm text-bad">
        {problem}
      </p>
    </main>
  );
}
