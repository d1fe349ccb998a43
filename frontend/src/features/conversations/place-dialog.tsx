import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link } from "react-router";

import type { Place } from "@/api/conversations";
import { repositoriesQuery, type Repository } from "@/api/git";
import type { GitProvider } from "@/api/git-providers";
import { describeError } from "@/api/http";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/form-fields";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import { hostsOf, parseAddress } from "./repository-address";

/** How long somebody stops typing before the services are asked. */
const PAUSE = 250;
const MOST_SHOWN = 50;

interface PlaceDialogProps {
  place: Place | null;
  tokens: ReadonlyMap<GitProvider, string | null>;
  onChoose: (place: Place | null) => void;
  onClose: () => void;
}

/** Finds a repository: among one's own, by a search, or by its address. */
export function PlaceDialog({ place, tokens, onChoose, onClose }: PlaceDialogProps) {
  const texts = m.conversations.start.place;
  const [text, setText] = useState("");
  const canSearch = tokens.size > 0;
  const hosts = hostsOf(tokens);
  const address = parseAddress(text, hosts);
  const words = text.trim();
  const found = useFound(words, canSearch && address === null);
  // A name alone is one of GitHub's, as everywhere.
  const named = !canSearch && /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(words) ? parseAddress(`https://github.com/${words}`, hosts) : null;
  const meant = address ?? named;
  const first = meant?.kind === "place" ? meant.place : (found.repositories[0] === undefined ? null : placeOf(found.repositories[0]));
  return (
    <Dialog title={texts.title} onClose={onClose}>
      <form
        className="mt-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (words !== "" && first !== null) onChoose(first);
        }}
      >
        <TextField
          label={canSearch ? texts.search : texts.paste}
          value={text}
          placeholder={texts.example}
          inputMode={canSearch ? "search" : "url"}
          onChange={setText}
        />
      </form>
      <div className="-mx-2 mt-3 h-64 overflow-y-auto">
        <ul aria-label={texts.list}>
          {words === "" && (
            <Row icon="panel" name={texts.empty} detail={texts.emptyHint} isCurrent={place === null} onClick={() => onChoose(null)} />
          )}
          {meant?.kind === "place" && (
            <Row
              icon="folder"
              name={meant.place.branch === null ? meant.place.repository : `${meant.place.repository} · ${meant.place.branch}`}
              detail={texts.from(meant.host)}
              isCurrent={false}
              onClick={() => onChoose(meant.place)}
            />
          )}
          {meant === null &&
            found.repositories.map((repository) => (
              <Row
                key={`${repository.provider ?? ""} ${repository.name}`}
                icon="folder"
                name={repository.name}
                detail={repository.isPublic ? "" : texts.isPrivate}
                isCurrent={repository.name === place?.repository}
                onClick={() => onChoose(placeOf(repository))}
              />
            ))}
        </ul>
        {meant?.kind === "unknown-host" && (
          <Note isBad>
            <span>
              {texts.unknownHost(meant.host)}{" "}
              <Link to="/settings/git" className="font-medium underline underline-offset-2">
                {texts.unknownHostHelp}
              </Link>
            </span>
          </Note>
        )}
        {found.isPending && (
          <Note>
            <Spinner className="size-3.5" /> {m.common.loading}
          </Note>
        )}
        {found.error !== null && <Note isBad>{texts.notLoaded(describeError(found.error))}</Note>}
        {words !== "" && meant === null && found.error === null && !found.isPending && found.repositories.length === 0 && <Note>{texts.none}</Note>}
        {!canSearch && (
          <Note>
            <span>
              <Link to="/settings/git" className="font-medium text-accent underline underline-offset-2">
                {texts.connect}
              </Link>{" "}
              {texts.connectHint}
            </span>
          </Note>
        )}
      </div>
    </Dialog>
  );
}

const placeOf = ({ name, provider }: Repository): Place => ({ repository: name, provider, branch: null });

/** One's own repositories that fit, and what the services find after a pause. */
function useFound(words: string, isAsked: boolean) {
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(words), PAUSE);
    return () => clearTimeout(timer);
  }, [words]);
  const own = useQuery({ ...repositoriesQuery(""), enabled: isAsked });
  const search = useQuery({ ...repositoriesQuery(asked), enabled: isAsked && asked.length > 1 });
  if (!isAsked) return { repositories: [], isPending: false, error: null };
  const fitting = (own.data ?? []).filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
  const others = words === "" || asked !== words ? [] : (search.data ?? []);
  const known = new Set(fitting.map(({ name }) => name));
  const repositories = [...fitting, ...others.filter(({ name }) => !known.has(name))].slice(0, MOST_SHOWN);
  const isPending = own.isPending || (words.length > 1 && (asked !== words || search.isPending));
  return { repositories, isPending, error: own.error ?? (words === "" ? null : search.error) };
}

interface RowProps {
  icon: "folder" | "panel";
  name: string;
  detail: string;
  isCurrent: boolean;
  onClick: () => void;
}

function Row({ icon, name, detail, isCurrent, onClick }: RowProps) {
  return (
    <li>
      <button
        type="button"
        aria-current={isCurrent ? "true" : undefined}
        onClick={onClick}
        className="flex min-h-9 w-full items-center gap-2.5 rounded-lg px-2 text-left text-sm -outline-offset-2 hover:bg-panel"
      >
        <Icon name={icon} className="text-muted" />
        <span className="min-w-0 truncate" title={name}>
          {name}
        </span>
        <span className="ml-auto shrink-0 text-xs text-muted">{detail}</span>
        <Icon name="check" className={isCurrent ? "text-accent" : "invisible"} />
      </button>
    </li>
  );
}

function Note({ children, isBad = false }: { children: ReactNode; isBad?: boolean }) {
  return (
    <div role="status" className={`flex items-center gap-2 px-2 py-2 text-xs leading-5 wrap-anywhere ${isBad ? "text-bad" : "text-muted"}`}>
      {children}
    </div>
  );
}
