import { useState } from "react";

import { Button } from "@/components/button";
import { rememberSessionKey } from "@/lib/session-key";

/** Asks for the session key when the server wants one. */
export function KeyPage() {
  const [key, setKey] = useState("");
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
          if (key.trim() === "") return;
          rememberSessionKey(key.trim());
          location.reload();
        }}
      >
        <input
          type="password"
          autoFocus
          autoComplete="off"
          aria-label="Session key"
          value={key}
          onChange={(event) => setKey(event.target.value)}
          className="min-w-0 flex-1 rounded-lg border border-line-strong bg-raised px-3 py-2"
        />
        <Button type="submit" look="primary">
          Continue
        </Button>
      </form>
    </main>
  );
}
