import { createContext, use, useEffect, useRef, type ReactNode, type RefObject } from "react";

import type { Command } from "@/components/command-menu";

/** What the page that is open offers to the palette; read when the palette opens. */
const PageCommands = createContext<RefObject<readonly Command[]>>({ current: [] });

export function PageCommandsProvider({ children }: { children: ReactNode }) {
  return <PageCommands value={useRef<readonly Command[]>([])}>{children}</PageCommands>;
}

/** Offers commands to the palette for as long as the page is open. */
export function useOfferedCommands(commands: readonly Command[]): void {
  const offeredRef = use(PageCommands);
  useEffect(() => {
    offeredRef.current = commands;
    return () => {
      offeredRef.current = [];
    };
  }, [offeredRef, commands]);
}

export function usePageCommands(): () => readonly Command[] {
  const offered = use(PageCommands);
  return () => offered.current;
}
