import { useEffect, useId, useRef, useState, type ReactNode } from "react";

import { Button } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { isRecord, stringAt } from "@/lib/guards";
import { createConversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { decode } from "@/wire/decode";

import { describeFrame, eventId, RawSocket, socketUrl, type Stage, type Target } from "./raw-socket";

const KEPT = 500;
const FIRST_ACTION = JSON.stringify({ type: "message", source: "user", message: "Hello, agent!" }, null, 2);

interface Frame {
  at: number;
  direction: "in" | "out";
  text: string;
}

interface Received {
  at: number;
  payload: unknown;
}

type State =
  | { kind: "closed"; why: string | null }
  | { kind: "connecting" }
  | { kind: "open" };

const STAGES: { stage: Stage; label: string; help: string }[] = [
  {
    stage: "opened",
    label: "The WebSocket opens",
    help: "If it does not: is the server running on this address, and does a proxy in between pass on the Upgrade and Connection headers? A refused origin or key ends here too.",
  },
  {
    stage: "handshake",
    label: "The server says hello (frame 0)",
    help: "If it does not: something other than this server answers on /socket.io.",
  },
  {
    stage: "joined",
    label: "The conversation is joined (frame 40)",
    help: "If it is not: frame 44 says why. A conversation id is needed, and the session key if the server asks for one.",
  },
  { stage: "event", label: "An event arrives", help: "History comes at once; a new conversation may take a moment." },
  { stage: "ping", label: "The heartbeat arrives (frame 2)", help: "Every 25 seconds. A proxy must not cut idle connections sooner." },
];

/** Opens the socket step by step and shows everything that crosses it. */
export function TestPage() {
  const [target, setTarget] = useState<Target>(() => ({
    conversationId: new URLSearchParams(location.search).get("conversation_id") ?? "",
    latestEventId: "-1",
    sessionKey: "",
  }));
  const [state, setState] = useState<State>({ kind: "closed", why: null });
  const [stages, setStages] = useState<ReadonlySet<Stage>>(new Set());
  const [frames, setFrames] = useState<readonly Frame[]>([]);
  const [events, setEvents] = useState<readonly Received[]>([]);
  const [answer, setAnswer] = useState<string | null>(null);
  const [eventName, setEventName] = useState("oh_user_action");
  const [action, setAction] = useState(FIRST_ACTION);
  const socket = useRef<RawSocket | null>(null);
  useEffect(() => () => socket.current?.close(), []);

  const url = socketUrl(target, location);
  const connect = () => {
    let refusal: string | null = null;
    setState({ kind: "connecting" });
    setStages(new Set());
    setFrames([]);
    setEvents([]);
    setAnswer(null);
    socket.current = new RawSocket(url, target.conversationId !== "", {
      frame: (direction, text) => {
        setFrames((past) => [...past.slice(1 - KEPT), { at: Date.now(), direction, text }]);
      },
      stage: (stage) => {
        if (stage === "opened") setState({ kind: "open" });
        setStages((past) => (past.has(stage) ? past : new Set([...past, stage])));
      },
      event: (payload) => setEvents((past) => [...past.slice(1 - KEPT), { at: Date.now(), payload }]),
      acknowledged: (id, payload) => setAnswer(`Answer to ${id}: ${JSON.stringify(payload ?? null)}`),
      refused: (payload) => {
        refusal = isRecord(payload) ? stringAt(payload, "message") : JSON.stringify(payload);
      },
      closed: (code, reason, wasOpen) => {
        socket.current = null;
        const closing = `Closed with code ${code}${reason === "" ? "" : ` (${reason})`}.`;
        setState({
          kind: "closed",
          why: refusal !== null ? `Refused: ${refusal}. ${closing}` : wasOpen ? closing : `It did not open. ${closing}`,
        });
      },
    });
  };

  const makeConversation = async () => {
    try {
      setTarget({ ...target, conversationId: await createConversation(null) });
    } catch (error) {
      setState({ kind: "closed", why: `No conversation was made. ${describeError(error)}` });
    }
  };

  const parsed = parseAction(action);
  return (
    <div className="mx-auto max-w-6xl px-4 py-8 sm:px-6">
      <header className="flex flex-wrap items-center gap-3">
        <img src="/favicon.svg" alt="" className="size-7" />
        <h1 className="text-xl font-semibold tracking-tight">Connection test</h1>
        <StateBadge state={state} />
        <a href="/" className="ml-auto text-sm text-accent underline underline-offset-2">
          Back to OpenHands
        </a>
      </header>
      <p className="mt-2 max-w-2xl text-sm text-muted">
        Opens a WebSocket from this page to the server it came from and shows each frame as it crosses the wire. Without a
        conversation id it checks the connection alone.
      </p>

      <div className="mt-6 grid items-start gap-5 lg:grid-cols-[1fr_22rem]">
        <form
          className="space-y-4 rounded-xl border border-line bg-raised p-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (state.kind === "closed") connect();
            else socket.current?.close();
          }}
        >
          <div className="grid gap-3 sm:grid-cols-[2fr_1fr]">
            <Input
              label="conversation_id"
              value={target.conversationId}
              onChange={(conversationId) => setTarget({ ...target, conversationId })}
              action={
                <button type="button" onClick={() => void makeConversation()} className="text-xs text-accent underline">
                  make a new one
                </button>
              }
            />
            <Input label="latest_event_id" value={target.latestEventId} onChange={(latestEventId) => setTarget({ ...target, latestEventId })} />
          </div>
          <Input label="session_api_key" type="password" value={target.sessionKey} onChange={(key) => setTarget({ ...target, sessionKey: key })} />
          <Commands url={target.sessionKey === "" ? url : url.replace(/session_api_key=[^&]*/, "session_api_key=…")} />
          <div className="flex items-center gap-4">
            <Button type="submit" look={state.kind === "closed" ? "primary" : "secondary"}>
              {state.kind === "closed" ? "Connect" : "Disconnect"}
            </Button>
            {state.kind === "closed" && state.why !== null && (
              <p role="status" className="text-sm text-bad">
                {state.why}
              </p>
            )}
          </div>
        </form>
        <Checklist stages={stages} isTrying={state.kind !== "closed"} />
      </div>

      <form
        className="mt-5 space-y-3 rounded-xl border border-line bg-raised p-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (parsed.kind === "ok") socket.current?.emit(eventName, parsed.value);
        }}
      >
        <label className="flex flex-wrap items-center gap-3 text-sm font-medium">
          Send an action as
          <select
            value={eventName}
            onChange={(event) => setEventName(event.target.value)}
            className="rounded-lg border border-line-strong bg-page px-2 py-1 font-mono text-sm"
          >
            <option>oh_user_action</option>
            <option>oh_action</option>
          </select>
        </label>
        <textarea
          aria-label="Action as JSON"
          value={action}
          rows={5}
          spellCheck={false}
          onChange={(event) => setAction(event.target.value)}
          className="w-full rounded-lg border border-line-strong bg-page px-3 py-2 font-mono text-[0.8125rem] leading-5"
        />
        <div className="flex flex-wrap items-center gap-4">
          <Button type="submit" look="primary" disabled={!stages.has("joined") || state.kind !== "open" || parsed.kind !== "ok"}>
            Send
          </Button>
          <p className="min-w-0 font-mono text-xs break-all text-muted" role="status">
            {parsed.kind === "bad" ? parsed.problem : (answer ?? (stages.has("joined") ? "" : "Join a conversation first."))}
          </p>
        </div>
      </form>

      <div className="mt-5 grid gap-5 lg:grid-cols-2">
        <Panel title="Frames" count={frames.length} empty="No frame has crossed the wire yet.">
          {frames.map((frame, at) => (
            <FrameLine key={at} frame={frame} />
          ))}
        </Panel>
        <Panel title="Events" count={events.length} empty="No event has arrived yet.">
          {events.map((received, at) => (
            <EventLine key={at} payload={received.payload} />
          ))}
        </Panel>
      </div>
    </div>
  );
}

function parseAction(text: string): { kind: "ok"; value: unknown } | { kind: "bad"; problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { kind: "ok", value };
  } catch (error) {
    return { kind: "bad", problem: error instanceof Error ? error.message : "not JSON" };
  }
}

function StateBadge({ state }: { state: State }) {
  const looks = { closed: "bg-panel text-muted", connecting: "bg-warn-soft text-warn", open: "bg-ok-soft text-ok" };
  return (
    <span role="status" className={`rounded-full px-2.5 py-0.5 text-xs font-medium ${looks[state.kind]}`}>
      {state.kind === "open" ? "connected" : state.kind === "closed" ? "not connected" : "connecting"}
    </span>
  );
}

interface InputProps {
  label: string;
  action?: ReactNode;
  value: string;
  type?: string;
  onChange: (value: string) => void;
}

function Input({ label, value, type = "text", action, onChange }: InputProps) {
  const id = useId();
  return (
    <div>
      <div className="flex items-baseline justify-between">
        <label htmlFor={id} className="font-mono text-xs text-muted">
          {label}
        </label>
        {action}
      </div>
      <input
        id={id}
        type={type}
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        className="mt-1 w-full rounded-lg border border-line-strong bg-page px-3 py-1.5 font-mono text-sm"
      />
    </div>
  );
}

function Commands({ url }: { url: string }) {
  return (
    <details className="text-sm">
      <summary className="text-xs font-medium text-muted hover:text-ink">The same from a terminal</summary>
      <pre tabIndex={0} className="mt-2 overflow-x-auto rounded-lg bg-term p-3 font-mono text-xs leading-5 text-term-ink">
        {`wscat -c "${url}"\n\necho "40{}" | websocat "${url}"`}
      </pre>
    </details>
  );
}

function Checklist({ stages, isTrying }: { stages: ReadonlySet<Stage>; isTrying: boolean }) {
  const next = STAGES.find(({ stage }) => !stages.has(stage))?.stage;
  return (
    <ol className="space-y-3 rounded-xl border border-line bg-raised p-4 text-sm" aria-label="Checks">
      {STAGES.map(({ stage, label, help }) => {
        const isDone = stages.has(stage);
        return (
          <li key={stage} className="flex gap-2.5">
            <span className="flex size-6 shrink-0 items-center justify-center">
              {isDone ? (
                <Icon name="check" className="size-4 text-ok" />
              ) : isTrying && stage === next ? (
                <Spinner className="text-muted" />
              ) : (
                <span className="size-3 rounded-full border border-line-strong" />
              )}
            </span>
            <span>
              <span className={isDone ? "" : "text-muted"}>
                {label}
                <span className="sr-only">{isDone ? ": yes" : ": not yet"}</span>
              </span>
              {!isDone && <span className="block text-xs text-muted">{help}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

interface PanelProps {
  title: string;
  count: number;
  empty: string;
  children: ReactNode;
}

function Panel({ title, count, empty, children }: PanelProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (list.current !== null) list.current.scrollTop = list.current.scrollHeight;
  }, [count]);
  return (
    <section className="min-w-0 overflow-hidden rounded-xl border border-line bg-raised">
      <h2 className="flex items-center justify-between border-b border-line px-4 py-2 text-sm font-medium">
        {title} <span className="text-xs text-muted tabular-nums">{count}</span>
      </h2>
      <div ref={list} tabIndex={0} className="h-96 overflow-y-auto font-mono text-xs leading-5" aria-label={title}>
        {count === 0 ? <p className="p-4 font-sans text-sm text-muted">{empty}</p> : children}
      </div>
    </section>
  );
}

function FrameLine({ frame }: { frame: Frame }) {
  const isIn = frame.direction === "in";
  return (
    <details className="border-b border-line px-4 py-1.5">
      <summary className="flex gap-2.5">
        <span className={isIn ? "text-ok" : "text-accent"} title={isIn ? "received" : "sent"}>
          {isIn ? "←" : "→"}
        </span>
        <span className="w-28 shrink-0 text-muted">{describeFrame(frame.text)}</span>
        <span className="truncate">{frame.text.slice(0, 300)}</span>
      </summary>
      <pre className="mt-1.5 whitespace-pre-wrap [overflow-wrap:anywhere]">{frame.text}</pre>
      <p className="mt-1 text-muted">
        {new Date(frame.at).toLocaleTimeString()} · {new TextEncoder().encode(frame.text).length} bytes
      </p>
    </details>
  );
}

function nameOf(payload: unknown): string {
  const incoming = decode(payload);
  if (incoming.kind === "event") return "action" in incoming.event ? incoming.event.action : incoming.event.observation;
  if (incoming.kind === "other_event") return incoming.event.name;
  return incoming.kind.replace("_", " ");
}

function EventLine({ payload }: { payload: unknown }) {
  const message = isRecord(payload) ? (stringAt(payload, "message") ?? "") : "";
  const source = isRecord(payload) ? (stringAt(payload, "source") ?? "") : "";
  return (
    <details className="border-b border-line px-4 py-1.5">
      <summary className="flex gap-2.5">
        <span className="w-8 shrink-0 text-right text-muted tabular-nums">{eventId(payload) ?? "–"}</span>
        <span className="w-48 shrink-0 truncate">
          {nameOf(payload)} <span className="text-muted">{source}</span>
        </span>
        <span className="truncate text-muted">{message.slice(0, 200)}</span>
      </summary>
      <pre className="mt-1.5 whitespace-pre-wrap [overflow-wrap:anywhere]">{JSON.stringify(payload, null, 2)}</pre>
    </details>
  );
}
