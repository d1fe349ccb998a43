import { describeError } from "@/api/http";
import type { ModelTest } from "@/api/models";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";
import { seconds } from "@/lib/format";

/** What came of a test: the model answered, or why it did not. */
export function TestResult({ result, error }: { result: ModelTest | undefined; error: Error | null }) {
  const texts = m.settings.model;
  return (
    <div role="status" className="w-full min-w-0 text-sm empty:absolute">
      {result?.ok === true && (
        <p className="flex items-start gap-2 rounded-lg bg-ok-soft px-3 py-2 text-ok">
          <Icon name="check" className="mt-1" />
          <span className="min-w-0 wrap-anywhere">{texts.testPassed(result.model, seconds(result.milliseconds / 1000))}</span>
        </p>
      )}
      {result?.ok === false && <Failure {...(texts.failures[result.kind] ?? texts.failed)} words={result.message} />}
      {error !== null && <Failure title={texts.testNotMade} help={describeError(error)} words="" />}
    </div>
  );
}

function Failure({ title, help, words }: { title: string; help: string; words: string }) {
  return (
    <div className="rounded-lg bg-bad-soft px-3 py-2 leading-5">
      <p className="font-medium text-bad">{title}</p>
      <p>{help}</p>
      {words !== "" && <p className="mt-1.5 max-h-32 overflow-y-auto font-mono text-xs wrap-anywhere text-muted">{words}</p>}
    </div>
  );
}
