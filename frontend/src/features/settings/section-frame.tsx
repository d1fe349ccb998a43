import { useEffect, type ReactNode } from "react";

import { describeError } from "@/api/http";
import { Button } from "@/components/button";
import { Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

interface SectionFrameProps {
  title: string;
  intro: string;
  children: ReactNode;
}

/** A part of the settings: what it is about, and its fields. */
export function SectionFrame({ title, intro, children }: SectionFrameProps) {
  return (
    <>
      <h2 className="text-lg font-semibold tracking-tight">{title}</h2>
      <p className="mt-1 mb-6 max-w-prose text-sm leading-5 text-muted">{intro}</p>
      {children}
    </>
  );
}

/** Tells the page whether there is something that is not saved. */
export function useReportDirty(isDirty: boolean, onDirty: (isDirty: boolean) => void): void {
  useEffect(() => onDirty(isDirty), [isDirty, onDirty]);
}

interface SaveRowProps {
  isDirty: boolean;
  save: { isPending: boolean; isSuccess: boolean; error: Error | null };
  /** What is wrong with what was entered, after somebody tried to save it. */
  problem: string | null;
  /** What is said when it is saved. */
  done: string;
  onDiscard: () => void;
  /** Further buttons. */
  children?: ReactNode;
  /** What has to be seen together with the buttons. */
  above?: ReactNode;
}

/** The end of a form: save, and what came of it. It stays in sight. */
export function SaveRow({ isDirty, save, problem, done, onDiscard, children, above }: SaveRowProps) {
  return (
    <div className="sticky bottom-0 z-10 -mx-4 mt-6 flex flex-wrap items-center gap-x-3 gap-y-2 border-t border-line bg-page px-4 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:-mx-1 sm:px-1">
      {above}
      <Button type="submit" look="primary" disabled={save.isPending || !isDirty} className="min-w-20">
        {save.isPending && <Spinner />}
        {save.isPending ? m.common.saving : m.common.save}
      </Button>
      {children}
      {isDirty && (
        <Button look="quiet" onClick={onDiscard}>
          {m.settings.discard}
        </Button>
      )}
      <p role="status" className="min-w-0 flex-1 basis-40 text-sm leading-5 wrap-anywhere">
        {problem !== null ? (
          <span className="text-bad">{problem}</span>
        ) : save.error !== null ? (
          <span className="text-bad">{m.settings.notSaved(describeError(save.error))}</span>
        ) : isDirty ? (
          <span className="text-muted">{m.settings.unsaved}</span>
        ) : save.isSuccess ? (
          <span className="text-ok">{done}</span>
        ) : null}
      </p>
    </div>
  );
}

/** A link to a page of somebody else. */
export function OuterLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noreferrer" className="text-xs font-medium text-accent underline underline-offset-2">
      {children}
      <span aria-hidden="true"> ↗</span>
    </a>
  );
}
