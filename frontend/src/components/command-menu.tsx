import { m } from "@/i18n/language";

export interface Command {
  /** What is typed after the slash. */
  name: string;
  title: string;
  run: () => void;
}

/** Returns the commands that a text such as `/st` may mean. */
export function matchingCommands(commands: readonly Command[], text: string): readonly Command[] {
  const typed = /^\/([a-z]*)$/.exec(text)?.[1];
  return typed === undefined ? [] : commands.filter(({ name }) => name.startsWith(typed));
}

interface CommandMenuProps {
  id: string;
  commands: readonly Command[];
  chosen: number;
  onChoose: (command: Command) => void;
}

/** The commands that match what is typed, above the field. The field keeps the focus. */
export function CommandMenu({ id, commands, chosen, onChoose }: CommandMenuProps) {
  return (
    <ul
      id={id}
      role="listbox"
      aria-label={m.chat.composer.commands}
      className="absolute inset-x-0 bottom-full z-20 mb-2 max-h-72 overflow-y-auto rounded-xl border border-line-strong bg-raised p-1 shadow-lg"
    >
      {commands.map((command, at) => (
        <li
          key={command.name}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === chosen}
          onPointerDown={(event) => {
            event.preventDefault();
            onChoose(command);
          }}
          className={`flex cursor-pointer items-baseline gap-3 rounded-lg px-3 py-1.5 text-sm ${at === chosen ? "bg-accent-soft" : "hover:bg-panel"}`}
        >
          <span className="font-mono text-[0.8125rem] font-medium">/{command.name}</span>
          <span className="min-w-0 truncate text-muted">{command.title}</span>
        </li>
      ))}
    </ul>
  );
}
