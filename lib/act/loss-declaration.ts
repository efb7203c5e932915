/** The declaration that a node is lost, as it stands on the node: cordon, record and taint in one write; and how the taint comes off. */
import { isOutOfService, outOfServiceTaint } from "../assess/out-of-service.ts";
import { untaintingCommand } from "../assess/untainting.ts";
import { declareLost, type LostRecordInput } from "../decide/cordon.ts";
import { ExpectedError, RefusedError } from "../model/errors.ts";
import type { RecordOnNode } from "../model/facts.ts";
import { type Node, taintText } from "../model/kubernetes.ts";
import type { RecordOnLostNode } from "../model/lost-node.ts";
import { type OperationRecord, recordAnnotation } from "../model/record.ts";
import { wholeSeconds } from "../model/timestamp.ts";
import { resultText } from "./action-words.ts";
import { changeNode } from "./cordon-nodes.ts";
import { answerOf, isPassing, takeOurTaintsOff } from "./node-trouble.ts";
import type { ActWorld } from "./world.ts";

export interface LostNode {
  readonly name: string;
  /** Undefined where the Node has been deleted. */
  readonly uid: string | undefined;
  readonly bootID: string | undefined;
  /** What stood on it when consent was given. */
  readonly record: RecordOnLostNode;
}

/** What is told while it is made and taken back. */
export interface DeclarationListener {
  cordoned(already: boolean): void;
  changed(object: string, verb: string): void;
  warn(message: string): void;
  /** The command as it reaches the same cluster. */
  addressed(command: string): string;
}

/** Controllers write to a node that is lost, too, so that a conflict is ordinary. */
const triesAtMost = 8;

/** The declaration of one recovery, from the moment it is to be made until it is taken back. */
export class LossDeclaration {
  readonly #world: ActWorld;
  readonly #node: LostNode;
  readonly #input: LostRecordInput;
  readonly #listener: DeclarationListener;
  #record: OperationRecord;
  #isMade = false;
  /** It stands on the node. */
  #isWritten = false;
  #withdrawn: string | undefined;
  /** Whose the out-of-service taint is that the node bears. */
  #taint: "none" | "ours" | "theirs" = "none";
  /** The write that was to set it was not answered: it may be there. */
  #unanswered = false;

  constructor(world: ActWorld, node: LostNode, input: LostRecordInput, listener: DeclarationListener) {
    this.#world = world;
    this.#node = node;
    this.#input = input;
    this.#listener = listener;
    const { by, since, assertion, vms } = input;
    const mark = { cordonedByUs: false, taints: [], bootID: node.bootID };
    const assertions = assertion === undefined ? undefined : [{ by, at: since, text: assertion }];
    this.#record = { v: 1, kind: "recover", by, since, ...mark, assertions, vms };
  }

  get isMade(): boolean {
    return this.#isMade;
  }

  /** What stands on the node, or would if it could. */
  get record(): OperationRecord {
    return this.#record;
  }

  /** Our taint is on the node, or may be. */
  get taintLeft(): boolean {
    return this.#taint === "ours" || this.#unanswered;
  }

  /** The node bears the out-of-service taint, whoever has set it. */
  get condemned(): boolean {
    return this.#taint !== "none";
  }

  /** `pass` looks afresh whether the node shows life, each time before it is tried. Throws ExpectedError where it cannot be made. */
  async make(pass: () => Promise<void>): Promise<void> {
    const { name, uid } = this.#node;
    const { taint } = this.#input;
    for (let tries = 1; ; tries += 1) {
      await pass();
      // A Node that has been deleted bears no marks.
      if (uid === undefined) break;
      let declared: { readonly node: Node; readonly action: ReturnType<typeof declareLost> } | undefined;
      const change = changeNode(
        this.#world.client,
        { name, uid },
        (node, found) => {
          this.#refuseNewcomer(node, found);
          declared = { node, action: declareLost(node, found, this.#input) };
          return declared.action;
        },
        { tries: 1 },
      );
      const result = await answerOf(change);
      if (result.kind === "done" && declared !== undefined) return this.#made(declared.node, declared.action);
      // Whether a write that was not answered was done shows at the next try, which finds it on the node and in its record.
      this.#unanswered ||= result.kind === "unanswered" && declared !== undefined && taint !== undefined;
      const mayNotWrite = declared !== undefined && result.kind === "refused" && result.code === 403;
      if (taint === undefined && mayNotWrite) {
        this.#listener.warn(`node/${name} is not cordoned, and bears no record of this: ${result.message}`);
        break;
      }
      // Somebody may have written to the node: perhaps the node itself.
      if (!isPassing(result) || tries === triesAtMost)
        throw new ExpectedError(`unable to declare node "${name}" lost: ${resultText(result)}`, {
          hint: this.#whatIsLeft,
        });
    }
    this.#isMade = true;
  }

  /** Two may look at the same moment: who comes second has not consented to working beside the first. */
  #refuseNewcomer({ spec }: Node, found: RecordOnNode): void {
    if (found.kind !== "record" || !spec.unschedulable) return;
    const { record: seen, name } = this.#node;
    const { kind, by, since } = found.record;
    if (by === this.#input.by || (seen.kind === "record" && seen.record.by === by)) return;
    throw new RefusedError(
      `node/${name} is being handled by ${by} now: ${kind} since ${wholeSeconds(since)}`,
      "nothing was changed; let it end, or look again what it has done",
    );
  }

  get #whatIsLeft(): string {
    if (!this.#unanswered)
      return `no pod was removed${this.#input.taint === undefined ? "" : "; --keep-other-pods does without the taint"}`;
    const look = this.#listener.addressed(`kubectl describe node ${this.#node.name}`);
    return `whether it bears the taint ${outOfServiceTaint.key} now is not known: ${look}`;
  }

  #made({ spec }: Node, { record, taints }: ReturnType<typeof declareLost>): void {
    const { key } = outOfServiceTaint;
    const present = (taints ?? spec.taints).some((taint) => taint.key === key);
    const ours = record.taints.includes(taintText(outOfServiceTaint));
    this.#taint = !present ? "none" : ours ? "ours" : "theirs";
    this.#record = record;
    this.#unanswered = false;
    this.#isMade = true;
    this.#isWritten = true;
    this.#listener.cordoned(spec.unschedulable);
    if (taints !== undefined) this.#listener.changed(`node/${this.#node.name}`, `tainted (${key})`);
  }

  /** Why nothing more may be destroyed, with the node as it is now: somebody has taken back what we have declared. */
  withdrawnFrom(node: Node | undefined): string | undefined {
    if (node === undefined || !this.#isWritten) return this.#withdrawn;
    const { metadata, spec } = node;
    const isTainted = spec.taints.some(isOutOfService);
    const what = !spec.unschedulable
      ? "the cordon"
      : this.#taint === "ours" && !isTainted
        ? "our taint"
        : metadata.annotations[recordAnnotation] === undefined
          ? "the record of this recovery"
          : undefined;
    if (what !== undefined) this.#withdrawn ??= `somebody has taken ${what} off node/${metadata.name}`;
    if (!isTainted) this.#taint = "none";
    return this.#withdrawn;
  }

  /** Life: our taint must not stay a moment longer. The cordon and the record stay, to tell what was done. */
  async takeTaintOff(): Promise<void> {
    const { name } = this.#node;
    const { key } = outOfServiceTaint;
    if (this.#taint === "theirs")
      this.#listener.warn(
        `node/${name} bears the taint ${key}, which somebody else has set: its pods are killed under it. Take it off now: ${this.#listener.addressed(untaintingCommand(name, key))}`,
      );
    if (!this.taintLeft) return;
    const result = await takeOurTaintsOff(this.#world, name, this.#record);
    const isGone = result.kind === "nothing-to-do" || (result.kind === "refused" && result.code === 404);
    if (result.kind === "done") this.#listener.changed(`node/${name}`, `untainted (${key})`);
    else if (!isGone) return this.#listener.warn(`our taint is still on node/${name}: ${resultText(result)}`);
    this.#taint = "none";
    this.#unanswered = false;
  }
}
