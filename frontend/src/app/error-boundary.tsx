import { Component, type ReactNode } from "react";

import { Button } from "@/components/button";
import { m } from "@/i18n/language";

interface ErrorBoundaryProps {
  children: ReactNode;
}

/** Keeps a mistake of ours from leaving an empty page. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="mx-auto flex h-full max-w-lg flex-col items-start justify-center gap-4 px-6" role="alert">
        <h1 className="text-xl font-semibold">{m.shell.failed.title}</h1>
        <p className="text-muted">
          {m.shell.failed.help}
        </p>
        <pre className="w-full overflow-auto rounded-xl bg-sunken p-4 font-mono text-xs whitespace-pre-wrap">
          {error.message}
        </pre>
        <Button look="primary" onClick={() => location.reload()}>
          {m.shell.failed.reload}
        </Button>
      </div>
    );
  }
}
