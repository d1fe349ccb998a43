import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Place } from "@/api/conversations";
import { branchesQuery } from "@/api/git";
import type { GitProvider } from "@/api/git-providers";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

import { PlaceDialog } from "./place-dialog";

const CHIP =
  "flex min-h-8 min-w-0 items-center gap-1.5 rounded-full border border-line-strong bg-raised px-3 text-[0.8125rem] hover:border-accent focus-within:border-accent focus-within:ring-2 focus-within:ring-accent/25";

interface PlaceChooserProps {
  place: Place | null;
  /** The services there are tokens for. */
  tokens: ReadonlyMap<GitProvider, string | null>;
  onChange: (place: Place | null) => void;
}

/** Where a new conversation works: an empty workspace, or a repository and a branch of it. */
export function PlaceChooser({ place, tokens, onChange }: PlaceChooserProps) {
  const texts = m.conversations.start.place;
  const [isOpen, setOpen] = useState(false);
  const name = place?.repository ?? texts.empty;
  return (
    <>
      <button type="button" aria-label={texts.change(name)} title={name} onClick={() => setOpen(true)} className={`${CHIP} max-w-full`}>
        <Icon name="folder" className="size-3.5 text-muted" />
        <span className="truncate">{name}</span>
        <Icon name="chevron" className="size-3 rotate-90 text-muted" />
      </button>
      {place !== null && (
        <BranchChooser
          key={place.repository}
          place={place}
          canList={place.provider !== null && tokens.has(place.provider)}
          onChange={(branch) => onChange({ ...place, branch })}
        />
      )}
      {isOpen && (
        <PlaceDialog
          place={place}
          tokens={tokens}
          onClose={() => setOpen(false)}
          onChoose={(chosen) => {
            onChange(chosen);
            setOpen(false);
          }}
        />
      )}
    </>
  );
}

interface BranchChooserProps {
  place: Place;
  /** Is there a token, so that branches can be listed? */
  canList: boolean;
  onChange: (branch: string | null) => void;
}

/** A branch from the list, or by its name where there is no list. */
function BranchChooser({ place, canList, onChange }: BranchChooserProps) {
  const texts = m.conversations.start.place;
  const { provider } = place;
  const branches = useQuery({ ...branchesQuery(place.repository, provider ?? "github"), enabled: canList && provider !== null });
  const icon = <Icon name="branch" className="size-3.5 shrink-0 text-muted" />;
  if (branches.data === undefined) {
    return (
      <label className={CHIP}>
        {icon}
        <input
          aria-label={texts.branch}
          value={place.branch ?? ""}
          placeholder={texts.newBranch}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value || null)}
          className="w-28 min-w-0 bg-transparent outline-none placeholder:text-muted"
        />
      </label>
    );
  }
  const known = place.branch === null || branches.data.includes(place.branch) ? branches.data : [place.branch, ...branches.data];
  return (
    <label className={CHIP}>
      {icon}
      <select
        aria-label={texts.branch}
        value={place.branch ?? ""}
        onChange={(event) => onChange(event.target.value || null)}
        className="max-w-44 min-w-0 truncate bg-raised outline-none"
      >
        <option value="">{texts.newBranch}</option>
        {known.map((branch) => (
          <option key={branch} value={branch}>
            {branch}
          </option>
        ))}
      </select>
    </label>
  );
}
