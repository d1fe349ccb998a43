import { useState } from "react";

import type { McpServer } from "@/api/mcp";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { SelectField, TextArea, TextField } from "@/components/form-fields";
import { m } from "@/i18n/language";

import { draftOf, EMPTY, isMasked, parseDraft, TRANSPORTS, type McpDraft, type McpProblems } from "./mcp-draft";

interface McpFormProps {
  title: string;
  /** Null is a new one. */
  server: McpServer | null;
  others: readonly McpServer[];
  isPending: boolean;
  error: string | null;
  onSave: (server: McpServer) => void;
  onClose: () => void;
}

/** The fields of one server. */
export function McpForm({ title, server, others, isPending, error, onSave, onClose }: McpFormProps) {
  const texts = m.settings.mcp;
  const [draft, setDraft] = useState<McpDraft>(() => (server === null ? EMPTY : draftOf(server)));
  const [isTried, setTried] = useState(false);
  const parsed = parseDraft(draft, others);
  const problems: McpProblems = isTried && !parsed.ok ? parsed.problems : {};
  const set = (change: Partial<McpDraft>) => setDraft((old) => ({ ...old, ...change }));
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        noValidate
        className="mt-4 space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (parsed.ok) onSave(parsed.server);
        }}
      >
        <SelectField
          label={texts.transport}
          hint={texts.transportHints[draft.transport]}
          value={draft.transport}
          options={TRANSPORTS.map((value) => ({ value, label: texts.transports[value] }))}
          onChange={(transport) => set({ transport })}
        />
        {draft.transport === "stdio" ? (
          <ProgramFields draft={draft} problems={problems} set={set} />
        ) : (
          <RemoteFields draft={draft} problems={problems} set={set} />
        )}
        {error !== null && (
          <p role="alert" className="text-sm leading-5 wrap-anywhere text-bad">
            {m.settings.notSaved(error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{m.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={isPending}>
            {isPending ? m.common.saving : m.common.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  draft: McpDraft;
  problems: McpProblems;
  set: (change: Partial<McpDraft>) => void;
}

function RemoteFields({ draft, problems, set }: FieldsProps) {
  const texts = m.settings.mcp;
  return (
    <>
      <TextField
        label={texts.url}
        error={problems.url ?? null}
        type="url"
        value={draft.url}
        placeholder={texts.urlExample}
        onChange={(url) => set({ url })}
      />
      <TextField
        label={texts.apiKey}
        hint={isMasked(draft.apiKey) ? texts.apiKeyStored : texts.apiKeyHint}
        type="password"
        value={draft.apiKey}
        onChange={(apiKey) => set({ apiKey })}
      />
      {draft.transport === "shttp" && (
        <TextField
          label={texts.timeout}
          hint={texts.timeoutHint}
          error={problems.timeout ?? null}
          inputMode="numeric"
          value={draft.timeout}
          onChange={(timeout) => set({ timeout })}
        />
      )}
    </>
  );
}

function ProgramFields({ draft, problems, set }: FieldsProps) {
  const texts = m.settings.mcp;
  return (
    <>
      <TextField
        label={texts.name}
        error={problems.name ?? null}
        value={draft.name}
        placeholder={texts.nameExample}
        onChange={(name) => set({ name })}
      />
      <TextField
        label={texts.command}
        hint={texts.commandHint}
        error={problems.command ?? null}
        value={draft.command}
        placeholder={texts.commandExample}
        onChange={(command) => set({ command })}
      />
      <TextArea label={texts.args} hint={texts.argsHint} rows={3} value={draft.args} onChange={(args) => set({ args })} />
      <TextArea
        label={texts.env}
        hint={texts.envHint}
        error={problems.env ?? null}
        rows={2}
        value={draft.env}
        onChange={(env) => set({ env })}
      />
    </>
  );
}
