import { Icon } from "@/components/icons";
import type { ActionOf } from "@/conversation/view";
import { m } from "@/i18n/language";

import { Card } from "./card";

/** The agent's plan as a list that is ticked off. */
export function TaskCard({ action }: { action: ActionOf<"task_tracking"> }) {
  const tasks = action.args.task_list;
  if (action.args.command !== "plan" || tasks.length === 0) {
    return <Card icon="list" title={<span className="text-muted">{m.chat.plan.looked}</span>} />;
  }
  const done = tasks.filter((task) => task.status === "done").length;
  return (
    <Card
      icon="list"
      title={m.chat.plan.title}
      aside={
        <span className="text-xs text-muted tabular-nums">
          {m.chat.plan.done(done, tasks.length)}
        </span>
      }
    >
      <ol className="space-y-1.5 px-3.5 py-2.5 text-sm">
        {tasks.map((task, at) => (
          <li key={task.id || at} className="flex items-start gap-2.5">
            <span className="flex h-6 items-center" aria-hidden="true">
              {task.status === "done" ? (
                <Icon name="check" className="size-4 text-ok" />
              ) : task.status === "in_progress" ? (
                <span className="m-0.5 size-3 rounded-full border-[3.5px] border-accent" />
              ) : (
                <span className="m-0.5 size-3 rounded-full border border-line-strong" />
              )}
            </span>
            <span className={task.status === "done" ? "text-muted" : ""}>
              {task.title}
              <span className="sr-only"> ({m.chat.plan.states[task.status]})</span>
              {task.notes && <span className="block text-xs text-muted">{task.notes}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
