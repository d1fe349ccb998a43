import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useCallback, useEffect, type ReactNode } from "react";
import { Navigate, Route, Routes, useLocation, useNavigate, useParams } from "react-router";

import { conversationKeys } from "@/api/conversations";
import { StartPage } from "@/features/conversations/start-page";
import { m } from "@/i18n/language";
import { isRecord, stringAt } from "@/lib/guards";

import { KeyPage } from "./key-page";
import { Layout } from "./layout";
import { onDemand } from "./on-demand";
import { PageCommandsProvider } from "./page-commands";

const conversation = onDemand(async () => (await import("./conversation-page")).ConversationPage);
const settings = onDemand(async () => (await import("@/features/settings/settings-page")).SettingsPage);

/** Fetches what an address needs. */
export async function preload(pathname: string): Promise<void> {
  if (pathname.startsWith("/conversations/")) await conversation.preload();
  if (pathname.startsWith("/settings")) await settings.preload();
}

/** Which page an address shows. */
export function Pages() {
  useEffect(() => {
    // The next page is a conversation: have it ready before it is asked for.
    const timer = setTimeout(() => void conversation.preload(), 300);
    return () => clearTimeout(timer);
  }, []);
  const { pathname } = useLocation();
  if (pathname === "/login") return <KeyPage />;
  return (
    <PageCommandsProvider>
      <Layout>
        {(menu) => (
          <Suspense fallback={<main className="flex-1" />}>
            <Routes>
              <Route path="/" element={<Start menu={menu} />} />
              <Route path="/conversations/:id" element={<Chat menu={menu} />} />
              <Route path="/settings/*" element={<settings.Page menu={menu} />} />
              <Route path="*" element={<Navigate to="/" replace state={{ notice: m.shell.noSuchPage }} />} />
            </Routes>
          </Suspense>
        )}
      </Layout>
    </PageCommandsProvider>
  );
}

function Start({ menu }: { menu: ReactNode }) {
  const navigate = useNavigate();
  const location = useLocation();
  const state: unknown = location.state;
  return (
    <StartPage
      menu={menu}
      notice={isRecord(state) ? stringAt(state, "notice") : null}
      onStarted={(id) => void navigate(`/conversations/${encodeURIComponent(id)}`)}
    />
  );
}

function Chat({ menu }: { menu: ReactNode }) {
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const onUnknown = useCallback(() => {
    queries.removeQueries({ queryKey: conversationKeys.one(id) });
    void navigate("/", { replace: true, state: { notice: m.shell.unknownConversation } });
  }, [id, navigate, queries]);
  return <conversation.Page key={id} id={id} menu={menu} onUnknown={onUnknown} />;
}
