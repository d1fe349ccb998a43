import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link, useLocation, useMatch, useNavigate } from "react-router";

import { ApiError, describeError } from "@/api/http";
import { configQuery } from "@/api/settings";
import { Button, IconButton } from "@/components/button";
import type { Command } from "@/components/command-menu";
import { Icon } from "@/components/icons";
import { ConversationList } from "@/features/conversations/conversation-list";
import { m } from "@/i18n/language";
import { readStored, writeStored } from "@/lib/stored-text";
import { useHotkeys } from "@/lib/use-hotkeys";
import { useMedia } from "@/lib/use-media";

import { KeyPage } from "./key-page";
import { KeysDialog } from "./keys-dialog";
import { usePageCommands } from "./page-commands";
import { Palette } from "./palette";

interface LayoutProps {
  /** Draws the page; `menu` is the button for the list where the list is not shown. */
  children: (menu: ReactNode) => ReactNode;
}

const HIDDEN_KEY = "openhands.list";
const HIDDEN = "hidden";

/** The list of conversations at the left, the page at the right; where there is no room the list slides over the page. */
export function Layout({ children }: LayoutProps) {
  const config = useQuery(configQuery);
  const match = useMatch("/conversations/:id");
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const pageCommands = usePageCommands();
  const currentId = match?.params.id ?? null;
  // A conversation has a workspace at its side and needs more room.
  const hasRoom = useMedia(currentId === null ? "(min-width: 48rem)" : "(min-width: 80rem)");
  const [isHidden, setHidden] = useState(() => readStored(HIDDEN_KEY) === HIDDEN);
  const [openedAt, setOpenedAt] = useState<string | null>(null);
  const [overlay, setOverlay] = useState<"palette" | "keys" | null>(null);
  const isStatic = hasRoom && !isHidden;
  // Following a link closes the drawer: it was opened on another page.
  const isDrawn = !isStatic && openedAt === pathname;
  const close = () => setOpenedAt(null);
  const toggle = () => {
    if (!hasRoom) {
      setOpenedAt(isDrawn ? null : pathname);
      return;
    }
    setHidden(!isHidden);
    writeStored(HIDDEN_KEY, isHidden ? "" : HIDDEN);
  };
  useCloseOnEscape(isDrawn, close);

  const commands = (): Command[] => [
    ...pageCommands(),
    { name: "new", title: m.shell.newConversation, run: () => void navigate("/") },
    { name: "settings", title: m.shell.settings, run: () => void navigate("/settings") },
    { name: "keys", title: m.shell.keys.title, run: () => setOverlay("keys") },
  ];
  useHotkeys({
    "ctrl+k": () => setOverlay("palette"),
    "ctrl+b": toggle,
    "ctrl+shift+o": () => void navigate("/"),
    "?": () => setOverlay("keys"),
  });

  if (config.error instanceof ApiError && config.error.status === 401) return <KeyPage />;

  const menu = isStatic ? null : (
    <IconButton label={m.shell.openList} aria-expanded={isDrawn} onClick={toggle}>
      <Icon name={hasRoom ? "sidebar" : "menu"} className="size-5" />
    </IconButton>
  );
  return (
    <div className="flex h-full">
      {isDrawn && <div className="fixed inset-0 z-20 bg-black/45" onClick={close} aria-hidden="true" />}
      <aside
        className={`z-30 w-[17.5rem] shrink-0 flex-col border-r border-line bg-panel ${
          isStatic
            ? "flex"
            : `fixed inset-y-0 left-0 flex transition-[translate,visibility] duration-200 ${isDrawn ? "visible translate-x-0 shadow-2xl" : "invisible -translate-x-full"}`
        }`}
      >
        <div className="flex h-14 shrink-0 items-center gap-1 pr-2 pl-4">
          <Link to="/" className="flex items-center gap-2.5 rounded-md font-semibold tracking-tight">
            <img src="/favicon.svg" alt="" className="size-6" /> {m.shell.name}
          </Link>
          <IconButton label={m.shell.palette.open} title={m.shell.palette.openTitle} onClick={() => setOverlay("palette")} className="ml-auto">
            <Icon name="search" />
          </IconButton>
          <IconButton label={isStatic ? m.shell.hideList : m.shell.closeList} onClick={isStatic ? toggle : close}>
            <Icon name={isStatic ? "sidebar" : "close"} />
          </IconButton>
        </div>
        <div className="px-3 pt-1 pb-3">
          <Link
            to="/"
            className="flex min-h-9 items-center gap-2 rounded-lg border border-line-strong bg-raised px-3 text-sm font-medium hover:border-accent"
          >
            <Icon name="plus" className="size-4 text-accent" /> {m.shell.newConversation}
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
        <div className="flex items-center border-t border-line p-2">
          <Link
            to="/settings"
            aria-current={pathname.startsWith("/settings") ? "page" : undefined}
            className="flex min-h-9 flex-1 items-center gap-2.5 rounded-lg px-3 text-sm text-muted hover:bg-raised hover:text-ink aria-[current=page]:text-ink"
          >
            <Icon name="settings" /> {m.shell.settings}
          </Link>
          <IconButton label={m.shell.keys.title} onClick={() => setOverlay("keys")} className="hidden md:inline-flex">
            <Icon name="keyboard" />
          </IconButton>
        </div>
      </aside>
      {config.isError && config.data === undefined ? (
        <main className="flex flex-1 flex-col items-center justify-center gap-4 px-6 text-center" role="alert">
          <p>{describeError(config.error)}</p>
          <Button onClick={() => void config.refetch()}>{m.common.tryAgain}</Button>
        </main>
      ) : (
        children(menu)
      )}
      {overlay === "palette" && <Palette commands={commands()} onClose={() => setOverlay(null)} />}
      {overlay === "keys" && <KeysDialog onClose={() => setOverlay(null)} />}
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
