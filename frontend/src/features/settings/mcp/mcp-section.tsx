import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { conversationPages, isJoinable } from "@/api/conversations";
import { describeError } from "@/api/http";
import { mcpStatusQuery, serverNames, type McpServer } from "@/api/mcp";
import { Button } from "@/components/button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

import { ConfirmDialog } from "@/features/settings/confirm-dialog";
import { SectionFrame } from "@/features/settings/section-frame";
import type { SectionProps } from "@/features/settings/sections";
import { useSaveSettings } from "@/features/settings/use-save";
import { McpForm } from "./mcp-form";
import { ServerRow } from "./server-row";

/** What a dialog is open for; servers are known by their place in the list. */
type Asked = { kind: "add" } | { kind: "edit" | "remove"; at: number } | null;

/** The MCP servers of the settings. */
export function McpSection({ settings }: SectionProps) {
  const texts = m.settings.mcp;
  const servers = settings?.mcpServers ?? [];
  const names = serverNames(servers);
  const [asked, setAsked] = useState<Asked>(null);
  const save = useSaveSettings();
  const live = useLiveServers();
  const known = live?.servers ?? [];
  const close = () => {
    setAsked(null);
    save.reset();
  };
  const store = (changed: readonly McpServer[]) => save.mutate({ mcpServers: changed }, { onSuccess: close });
  const at = asked === null || asked.kind === "add" ? -1 : asked.at;
  const name = names[at] ?? "";
  const form = { others: servers.filter((_, index) => index !== at), isPending: save.isPending, onClose: close };
  const error = save.isError ? describeError(save.error) : null;
  const unlisted = known.filter((status) => !names.includes(status.name));
  return (
    <SectionFrame title={m.settings.sections.mcp} intro={texts.intro}>
      {servers.length + unlisted.length === 0 ? (
        <p className="rounded-xl border border-dashed border-line-strong px-4 py-5 text-sm text-muted">{texts.empty}</p>
      ) : (
        <ul aria-label={m.settings.sections.mcp} className="divide-y divide-line rounded-xl border border-line bg-raised">
          {servers.map((server, index) => (
            <ServerRow
              key={names[index]}
              name={names[index] ?? ""}
              server={server}
              status={known.find((status) => status.name === names[index]) ?? null}
              onEdit={() => setAsked({ kind: "edit", at: index })}
              onRemove={() => setAsked({ kind: "remove", at: index })}
            />
          ))}
          {unlisted.map((status) => (
            <ServerRow
              key={status.name}
              name={status.name}
              server={null}
              status={status}
              onEdit={() => undefined}
              onRemove={() => undefined}
            />
          ))}
        </ul>
      )}
      <div className="mt-4 flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button onClick={() => setAsked({ kind: "add" })}>
          <Icon name="plus" /> {texts.add}
        </Button>
        {servers.length > 0 && (
          <p className="min-w-0 flex-1 basis-48 text-xs text-muted">
            {live === null ? texts.noStatus : texts.statusFrom(live.title)}
          </p>
        )}
      </div>
      {asked?.kind === "add" && (
        <McpForm title={texts.addTitle} server={null} error={error} onSave={(server) => store([...servers, server])} {...form} />
      )}
      {asked?.kind === "edit" && (
        <McpForm
          title={texts.editTitle(name)}
          server={servers[at] ?? null}
          error={error}
          onSave={(server) => store(servers.map((old, index) => (index === at ? server : old)))}
          {...form}
        />
      )}
      {asked?.kind === "remove" && (
        <ConfirmDialog
          title={texts.removeTitle(name)}
          help={texts.removeHelp}
          action={texts.remove}
          isPending={save.isPending}
          error={save.error}
          onConfirm={() => store(form.others)}
          onClose={close}
        />
      )}
    </SectionFrame>
  );
}

/** The servers of the open conversation that was used last. */
function useLiveServers() {
  const pages = useInfiniteQuery(conversationPages);
  const open = (pages.data?.pages ?? []).flatMap((page) => page.conversations).filter(isJoinable);
  const last = open.toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0];
  const status = useQuery({ ...mcpStatusQuery(last?.id ?? ""), enabled: last !== undefined });
  return last === undefined ? null : { title: last.title, servers: status.data ?? [] };
}
