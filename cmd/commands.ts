/** The commands, in the groups in which the help lists them. Their code is loaded when one runs. */
import { type Command, command } from "./command.ts";
import { abort } from "./definitions/abort.ts";
import { check } from "./definitions/check.ts";
import { completion } from "./definitions/completion.ts";
import { doctor } from "./definitions/doctor.ts";
import { drain } from "./definitions/drain.ts";
import { list } from "./definitions/list.ts";
import { practice } from "./definitions/practice.ts";
import { recover } from "./definitions/recover.ts";
import { uncordon } from "./definitions/uncordon.ts";
import { version } from "./definitions/version.ts";

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command[];
}

export const commandGroups: readonly CommandGroup[] = [
  {
    title: "Commands that look",
    commands: [command(list, () => import("./list.ts")), command(check, () => import("./check.ts"))],
  },
  {
    title: "Commands that change a node",
    commands: [
      command(drain, () => import("./drain.ts")),
      command(abort, () => import("./abort.ts")),
      command(uncordon, () => import("./uncordon.ts")),
      command(recover, () => import("./recover.ts")),
    ],
  },
  {
    title: "Other Commands",
    commands: [
      command(practice, () => import("./practice.ts")),
      command(doctor, () => import("./doctor.ts")),
      command(completion, () => import("./completion.ts")),
      command(version, () => import("./version.ts")),
    ],
  },
];

export const commands: ReadonlyMap<string, Command> = new Map(
  commandGroups.flatMap((group) => group.commands.map((entry) => [entry.definition.name, entry] as const)),
);
