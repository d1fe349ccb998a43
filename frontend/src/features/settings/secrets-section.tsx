import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { describeError } from "@/api/http";
import { addSecret, changeSecret, deleteSecret, secretsQuery, type Secret } from "@/api/secrets";
import { Button, IconButton } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/form-fields";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import { ConfirmDialog } from "./confirm-dialog";
import { SectionFrame, useReportDirty } from "./section-frame";
import type { SectionProps } from "./sections";
import { useDraft } from "./use-draft";

/** What is wrong with a name, as the server will say, too. */
export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name)) return m.settings.secrets.nameWrong;
  return taken.includes(name) ? m.settings.secrets.nameTaken : null;
}

type Asked = { kind: "edit" | "remove"; secret: Secret } | null;

/** Secrets that commands find in their environment. */
export function SecretsSection({ onDirty }: SectionProps) {
  const texts = m.settings.secrets;
  const secrets = useQuery(secretsQuery);
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const names = secrets.data?.map((secret) => secret.name) ?? [];
  return (
    <SectionFrame title={m.settings.sections.secrets} intro={texts.intro}>
      {secrets.isError && (
        <p role="alert" className="mb-4 text-sm text-bad">
          {texts.notLoaded(describeError(secrets.error))}
        </p>
      )}
      {secrets.data?.length === 0 && (
        <p className="rounded-xl border border-dashed border-line-strong px-4 py-5 text-sm text-muted">{texts.empty}</p>
      )}
      {secrets.data !== undefined && secrets.data.length > 0 && (
        <ul aria-label={texts.list} className="divide-y divide-line rounded-xl border border-line bg-raised">
          {secrets.data.map((secret) => (
            <li key={secret.name} className="flex items-center gap-1 py-1.5 pr-2 pl-4">
              <div className="min-w-0 flex-1 py-1">
                <p className="truncate font-mono text-[0.8125rem] leading-5">{secret.name}</p>
                {secret.description !== "" && (
                  <p className="text-xs leading-4 wrap-anywhere text-muted">{secret.description}</p>
                )}
              </div>
              <IconButton label={texts.edit(secret.name)} onClick={() => setAsked({ kind: "edit", secret })}>
                <Icon name="edit" />
              </IconButton>
              <IconButton label={texts.remove(secret.name)} onClick={() => setAsked({ kind: "remove", secret })}>
                <Icon name="cross" />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <AddSecret taken={names} onDirty={onDirty} />
      {asked?.kind === "edit" && <EditSecret secret={asked.secret} taken={names} onClose={close} />}
      {asked?.kind === "remove" && <RemoveSecret secret={asked.secret} onClose={close} />}
    </SectionFrame>
  );
}

const EMPTY = { name: "", value: "", description: "" };

function AddSecret({ taken, onDirty }: { taken: readonly string[]; onDirty: (isDirty: boolean) => void }) {
  const texts = m.settings.secrets;
  const queries = useQueryClient();
  const draft = useDraft(EMPTY);
  const { name, value, description } = draft.value;
  const [isTried, setTried] = useState(false);
  useReportDirty(draft.isDirty, onDirty);
  const add = useMutation({
    mutationFn: () => addSecret({ name: name.trim(), description: description.trim() }, value),
    onSuccess: async () => {
      draft.discard();
      setTried(false);
      await queries.invalidateQueries({ queryKey: secretsQuery.queryKey });
    },
  });
  const [added, setAdded] = useState("");
  const problem = nameProblem(name.trim(), taken);
  const set = (change: Partial<typeof EMPTY>) => {
    draft.set(change);
    add.reset();
  };
  return (
    <form
      noValidate
      aria-label={texts.add}
      className="mt-6 space-y-5 rounded-xl border border-line px-4 py-4"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (problem !== null || value === "") return;
        setAdded(name.trim());
        add.mutate();
      }}
    >
      <h3 className="text-sm font-medium">{texts.add}</h3>
      <div className="grid gap-5 sm:grid-cols-2">
        <TextField
          label={texts.name}
          hint={texts.nameHint}
          error={isTried ? problem : null}
          value={name}
          onChange={(entered) => set({ name: entered })}
          className="font-mono"
        />
        <TextField
          label={texts.value}
          error={isTried && value === "" ? texts.valueMissing : null}
          type="password"
          autoComplete="new-password"
          value={value}
          onChange={(entered) => set({ value: entered })}
        />
      </div>
      <TextField
        label={texts.description}
        hint={texts.descriptionHint}
        maxLength={1000}
        spellCheck
        value={description}
        onChange={(entered) => set({ description: entered })}
      />
      <div className="flex min-h-9 flex-wrap items-center gap-3">
        <Button type="submit" look="primary" disabled={add.isPending}>
          {add.isPending && <Spinner />}
          {texts.addButton}
        </Button>
        <p role="status" className="min-w-0 flex-1 text-sm leading-5 wrap-anywhere">
          {add.isSuccess && <span className="text-ok">{texts.added(added)}</span>}
          {add.isError && <span className="text-bad">{texts.notAdded(describeError(add.error))}</span>}
        </p>
      </div>
    </form>
  );
}

function EditSecret({ secret, taken, onClose }: { secret: Secret; taken: readonly string[]; onClose: () => void }) {
  const texts = m.settings.secrets;
  const queries = useQueryClient();
  const [name, setName] = useState(secret.name);
  const [description, setDescription] = useState(secret.description);
  const change = useMutation({
    mutationFn: () => changeSecret(secret.name, { name: name.trim(), description: description.trim() }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: secretsQuery.queryKey });
      onClose();
    },
  });
  const others = taken.filter((one) => one !== secret.name);
  const problem = nameProblem(name.trim(), others);
  return (
    <Dialog title={texts.edit(secret.name)} onClose={onClose}>
      <form
        noValidate
        className="mt-3 space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === null) change.mutate();
        }}
      >
        <p className="text-sm text-muted">{texts.editHelp}</p>
        <TextField label={texts.name} error={problem} value={name} onChange={setName} className="font-mono" />
        <TextField label={texts.description} maxLength={1000} value={description} onChange={setDescription} />
        {change.isError && (
          <p role="alert" className="text-sm text-bad">
            {m.settings.notSaved(describeError(change.error))}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{m.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={change.isPending || problem !== null}>
            {m.common.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function RemoveSecret({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  const texts = m.settings.secrets;
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteSecret(secret.name),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: secretsQuery.queryKey });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={texts.removeTitle(secret.name)}
      help={texts.removeHelp}
      action={texts.removeButton}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
