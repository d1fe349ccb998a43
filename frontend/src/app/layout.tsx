import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link, useLocation, useMatch, useNavigate } from "react-router";

import { ApiError, describeError } from "@/api/http";
import { configQuery } from "@/api/settings";
import { Button, IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { ConversationList } from "@/features/conversations/conversation-list";

import { KeyPage } from "./key-page";

interface LayoutProps {
  /** Draws the page; `menu` is the button for the list where the list does not fit. */
  children: (menu: ReactNode) => ReactNode;
}

/** The list of conversations at the left, the page at the right; on a narrow screen the list slides over the page. */
export function Layout({ children }: LayoutProps) {
  const config = useQuery(configQuery);
  const match = useMatch("/conversations/:id");
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [openedAt, setOpenedAt] = useState<string | null>(null);
  // Following a link closes the drawer: it was opened on another page.
  const isOpen = openedAt === pathname;
  const close = () => setOpenedAt(null);
  useCloseOnEscape(isOpen, close);

  if (config.error instanceof ApiError && config.error.status === 401) return <KeyPage />;

  const currentId = match?.params.id ?? null;
  const menu = (
    <IconButton label="Conversations" aria-expanded={isOpen} onClick={() => setOpenedAt(pathname)} className="md:hidden">
      <Icon name="menu" className="size-5" />
    </IconButton>
  );
  return (
    <div className="flex h-full">
      {isOpen && <div className="fixed inset-0 z-20 bg-black/45 md:hidden" onClick={close} aria-hidden="true" />}
      <aside
        className={`fixed inset-y-0 left-0 z-30 flex w-[17.5rem] flex-col border-r border-line bg-panel transition-[translate,visibility] duration-200 md:visible md:static md:translate-x-0 md:transition-none ${
          isOpen ? "visible translate-x-0 shadow-2xl md:shadow-none" : "invisible -translate-x-full"
        }`}
      >
        <div className="flex h-14 shrink-0 items-center gap-2.5 px-4">
          <Link to="/" className="flex items-center gap-2.5 rounded-md font-semibold tracking-tight">
            <img src="/favicon.svg" alt="" className="size-6" /> OpenHands
          </Link>
          <IconButton label="Close the list" onClick={close} className="ml-auto md:hidden">
            <Icon name="close" />
          </IconButton>
        </div>
        <div className="px-3 pt-1 pb-3">
          <Link
            to="/"
            className="flex min-h-9 items-center gap-2 rounded-lg border border-line-strong bg-raised px-3 text-sm font-medium hover:border-accent"
          >
            <Icon name="plus" className="size-4 text-accent" /> New conversation
          </Link>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto">
          <ConversationList
            currentId={currentId}
            onDeleted={(id) => {
              if (id === currentId) void navigate("/");
            }}
          />
        </div>
        <div className="border-t border-line p-2">
          <Link
            to="/settings"
            aria-current={pathname.startsWith("/settings") ? "page" : undefined}
            className="flex min-h-9 items-center gap-2.5 rounded-lg px-3 text-sm text-muted hover:bg-raised hover:text-ink aria-[current=page]:text-ink"
          >
            <Icon name="settings" /> Settings
          </Link>
        </div>
      </aside>
      {config.isError && config.data === undefined ? (
        <main className="flex flex-1 flex-col items-center justify-center gap-4 px-6 text-center" role="alert">
          <p>{describeError(config.error)}</p>
          <Button onClick={() => void config.refetch()}>Try again</Button>
        </main>
      ) : (
        children(menu)
      )}
    </div>
  );
}

function useCloseOnEscape(isOpen: boolean, close: () => void): void {
  useEffect(() => {
    if (!isOpen) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      close();
    };
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  });
}
