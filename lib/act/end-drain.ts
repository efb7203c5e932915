/** The end of a drain: its nodes are read afresh once more, and the summary is told. */
import {
  type NodeAtTheEnd,
  nodeAtTheEnd,
  nodeInPicture,
  type SummaryInput,
  summariseDrain,
} from "../decide/drain-summary.ts";
import { ExpectedError, failureOf } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { isReady } from "../model/kubernetes.ts";
import type { DrainProgress, Summary } from "../model/progress.ts";
import { freshlyRead } from "../observe/fresh.ts";
import type { ConfirmedDrain, DrainWorld } from "./confirmed-drain.ts";

type DrainFound = Omit<SummaryInput, "silent" | "commands">;

/** The end of one drain. */
export class DrainEnd {
  readonly #world: DrainWorld;
  readonly #drain: ConfirmedDrain;
  /** What was said of fresh reads that failed. */
  readonly #warned = new Set<string>();

  constructor(world: DrainWorld, drain: ConfirmedDrain) {
    this.#world = world;
    this.#drain = drain;
  }

  /** What is on the nodes now; of one that cannot be read, what the picture shows. */
  read(progress: DrainProgress): Promise<readonly NodeAtTheEnd[]> {
    const { isSelected, intent } = this.#drain;
    return Promise.all(
      intent.nodes.map(async (name) => {
        try {
          return nodeAtTheEnd(await freshlyRead(this.#world.client, name, { attachments: true }), isSelected);
        } catch (error) {
          if (!(error instanceof ExpectedError)) throw error;
          this.#warn(error.message, progress.time);
          return nodeInPicture(progress, name);
        }
      }),
    );
  }

  /** The last events, and the summary. */
  tell(facts: Facts, found: DrainFound): Summary {
    this.#world.reporter.progress(found.progress);
    const summary = this.#summary(facts, found);
    const { time } = facts;
    for (const node of summary.nodes)
      if (node.drained && node.outsideSelection === 0)
        this.#world.reporter.event({ type: "node-drained", time, node: node.name });
    this.#world.reporter.event({ type: "summary", time, ...summary });
    return summary;
  }

  /** As the last event, how far the drain had come when this error ended it. */
  tellFailure(error: unknown, facts: Facts, found: Omit<DrainFound, "nodes">): void {
    const nodes = this.#drain.intent.nodes.map((name) => nodeInPicture(found.progress, name));
    const summary = { ...this.#summary(facts, { ...found, nodes }), ...failureOf(error) };
    this.#world.reporter.event({ type: "summary", time: facts.time, ...summary });
  }

  #summary(facts: Facts, found: DrainFound): Summary {
    const silent = facts.nodes.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name);
    return summariseDrain({ ...found, silent, commands: this.#drain.commands });
  }

  #warn(message: string, time: string): void {
    if (!this.#warned.has(message)) this.#world.reporter.event({ type: "warning", time, message });
    this.#warned.add(message);
  }
}
