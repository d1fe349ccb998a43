import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, type ReactNode } from "react";
import { Navigate, Route, Routes, useLocation, useNavigate, useParams } from "react-router";

import { conversationKeys } from "@/api/conversations";
import { StartPage } from "@/features/conversations/start-page";
import { isRecord, stringAt } from "@/lib/guards";

import { KeyPage } from "./key-page";
import { Layout } from "./layout";

const loadChat = () => import("@/features/chat/chat-page");
const ChatPage = lazy(async () => ({ default: (await loadChat()).ChatPage }));
const SettingsPage = lazy(async () => ({
  default: (await import("@/features/settings/settings-page")).SettingsPage,
}));

/** Which page an address shows. */
export function Pages() {
  useEffect(() => {
    // The next page is a conversation: have it ready before it is asked for.
    const timer = setTimeout(() => void loadChat(), 300);
    return () => clearTimeout(timer);
  }, []);
  const { pathname } = useLocation();
  if (pathname === "/login") return <KeyPage />;
  return (
    <Layout>
      {(menu) => (
        <Suspense fallback={<main className="flex-1" />}>
          <Routes>
            <Route path="/" element={<Start menu={menu} />} />
            <Route path="/conversations/:id" element={<Chat menu={menu} />} />
            <Route path="/settings" element={<SettingsPage menu={menu} />} />
            <Route path="*" element={<Navigate to="/" replace state={{ notice: "There is no such page." }} />} />
          </Routes>
        </Suspense>
      )}
    </Layout>
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
    void navigate("/", { replace: true, state: { notice: "This conversation does not exist. It may have been deleted." } });
  }, [id, navigate, queries]);
  return <ChatPage key={id} id={id} menu={menu} onUnknown={onUnknown} />;
}
