import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { Link, Navigate, useParams } from "react-router";

import { describeError } from "@/api/http";
import { configQuery, settingsQuery, type ServerConfig, type Settings } from "@/api/settings";
import { Button } from "@/components/button";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";

import { AgentSection } from "./agent-section";
import { AppearanceSection } from "./appearance-section";
import { GitSection } from "./git/git-section";
import { McpSection } from "./mcp/mcp-section";
import { ModelSection } from "./model/model-section";
import { SecretsSection } from "./secrets-section";
import { SECTIONS, type Section, type SectionProps } from "./sections";

/** The settings, a section at a time. Its address below `/settings/` says which. */
export function SettingsPage({ menu }: { menu: ReactNode }) {
  const name = useParams()["*"] ?? "";
  const current = SECTIONS.find((section) => section === name);
  if (current === undefined) return <Navigate to="/settings/model" replace />;
  return <Settings menu={menu} current={current} />;
}

function Settings({ menu, current }: { menu: ReactNode; current: Section }) {
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  const [dirty, setDirty] = useState<readonly Section[]>([]);
  // A section that was seen stays, with what was entered into it.
  const [seen, setSeen] = useState<readonly Section[]>([current]);
  if (!seen.includes(current)) setSeen([...seen, current]);
  const page = useRef<HTMLElement>(null);
  useEffect(() => {
    if (page.current !== null) page.current.scrollTop = 0;
  }, [current]);
  const onDirty = useCallback((section: Section, isDirty: boolean) => {
    setDirty((old) => (isDirty === old.includes(section) ? old : isDirty ? [...old, section] : old.filter((one) => one !== section)));
  }, []);
  const { data } = settings;
  return (
    <main ref={page} className="h-full min-w-0 flex-1 scroll-pb-24 overflow-y-auto">
      <header className="flex h-14 items-center gap-2 px-3 sm:px-5">{menu}</header>
      <div className="mx-auto w-full max-w-4xl px-4 sm:px-6 lg:grid lg:grid-cols-[10.5rem_minmax(0,1fr)] lg:gap-10">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">{m.settings.title}</h1>
          <Sections current={current} dirty={dirty} />
        </div>
        <div className="min-w-0 pt-6 pb-10 lg:pt-0.5">
          {settings.isError && data === undefined && (
            <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl bg-bad-soft px-4 py-3 text-sm text-bad">
              <span className="flex-1">{m.settings.notLoaded(describeError(settings.error))}</span>
              <Button onClick={() => void settings.refetch()}>{m.common.tryAgain}</Button>
            </div>
          )}
          {data !== undefined &&
            config.data !== undefined &&
            seen.map((section) => (
              <OneSection
                key={section}
                section={section}
                isShown={section === current}
                settings={data}
                config={config.data}
                onDirty={onDirty}
              />
            ))}
        </div>
      </div>
    </main>
  );
}

function Sections({ current, dirty }: { current: Section; dirty: readonly Section[] }) {
  return (
    <nav
      aria-label={m.settings.sectionsLabel}
      className="mt-4 grid grid-cols-3 gap-1 sm:flex sm:flex-wrap lg:sticky lg:top-4 lg:flex-col"
    >
      {SECTIONS.map((section) => (
        <Link
          key={section}
          to={`/settings/${section}`}
          aria-current={section === current ? "page" : undefined}
          className="flex min-h-9 items-center justify-center gap-1.5 rounded-lg px-3 text-sm whitespace-nowrap text-muted hover:bg-panel hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink aria-[current=page]:ring-1 aria-[current=page]:ring-line lg:justify-start"
        >
          {m.settings.sections[section]}
          {dirty.includes(section) && (
            <span className="size-1.5 rounded-full bg-accent" role="img" aria-label={m.settings.unsaved} title={m.settings.unsaved} />
          )}
        </Link>
      ))}
    </nav>
  );
}

interface OneSectionProps {
  section: Section;
  isShown: boolean;
  settings: Settings | null;
  config: ServerConfig;
  onDirty: (section: Section, isDirty: boolean) => void;
}

function OneSection({ section, isShown, settings, config, onDirty }: OneSectionProps) {
  const report = useCallback((isDirty: boolean) => onDirty(section, isDirty), [section, onDirty]);
  return (
    <section hidden={!isShown} aria-label={m.settings.sections[section]}>
      {fields(section, { settings, config, onDirty: report })}
    </section>
  );
}

function fields(section: Section, props: SectionProps): ReactNode {
  switch (section) {
    case "model":
      return <ModelSection {...props} />;
    case "agent":
      return <AgentSection {...props} />;
    case "mcp":
      return <McpSection {...props} />;
    case "secrets":
      return <SecretsSection {...props} />;
    case "git":
      return <GitSection {...props} />;
    case "appearance":
      return <AppearanceSection {...props} />;
    default:
      return assertNever(section);
  }
}
