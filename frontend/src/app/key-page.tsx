import { useState } from "react";

import { Button } from "@/components/button";
import { m } from "@/i18n/language";
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
      <h1 className="text-xl font-semibold tracking-tight">{m.shell.key.title}</h1>
      <p className="mt-2 text-muted">
        {m.shell.key.helpBefore}
        <code className="font-mono text-sm">{"#key=…"}</code>
        {m.shell.key.helpBetween}
        <code className="font-mono text-sm">{"openhands key"}</code>
        {m.shell.key.helpAfter}
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
          aria-label={m.shell.key.label}
          aria-invalid={problem !== null}
          value={key}
          onChange={(event) => {
            setKey(event.target.value);
            setProblem(null);
          }}
          className="min-w-0 flex-1 rounded-lg border border-line-strong bg-raised px-3 py-2"
        />
        <Button type="submit" look="primary" disabled={isBusy}>
          {m.shell.key.submit}
        </Button>
      </form>
      <p role="alert" className="mt-2 min-h-6 text-sm text-bad">
        {problem}
      </p>
    </main>
  );
}
