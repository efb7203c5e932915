/** The truth table of recover: when a node is taken for alive, for dead, or for neither. */
import { describe, expect, it, test } from "vitest";
import { assessLiveness, comparable, gateOf } from "../../../lib/assess/liveness.ts";
import type { RecordOnNode } from "../../../lib/model/facts.ts";
import type { NodeSigns, PowerReport } from "../../../lib/model/lost-node.ts";
import { at } from "../../builders/kubernetes.ts";
import {
  absent,
  death,
  failed,
  forbidden,
  nothingElse,
  readingAt,
  type Story,
  signOf,
  verdictAt,
} from "./lost-node.ts";

/** Every few seconds for ten minutes. */
const moments = Array.from({ length: 200 }, (_, index) => index * 3);
const refusing = new Set(["alive", "undecided"]);
/** When every sign of a dead host has missed its time. */
const settled = 155;

const outOfService = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
const shutdown = { key: "node.cloudprovider.kubernetes.io/shutdown", effect: "NoSchedule" };
const record: Extract<RecordOnNode, { kind: "record" }> = {
  kind: "record",
  record: {
    v: 1,
    kind: "recover",
    by: "jane",
    since: at(100),
    cordonedByUs: true,
    taints: [],
    vms: [],
    bootID: "boot-before",
    assertions: [{ by: "jane", at: at(100), text: "pulled the plug" }],
  },
};

describe("a host whose VMs run is never taken for dead", () => {
  const living: Record<string, Story> = {
    "everything is well": {},
    "the kubelet is dead, but virt-handler reports": { kubeletStops: 0 },
    "virt-handler alone is dead": { handlerStops: 0 },
    "virt-handler has never reported": { heartbeat: "never" },
    "the Lease is absent": { lease: absent },
    "the Lease may not be read": { lease: forbidden },
    "the kubelet is dead and the Lease may not be read": { kubeletStops: 0, lease: forbidden },
    "the kubelet is dead and the Lease is absent": { kubeletStops: 0, lease: absent },
    "its clock is ten minutes fast": { nodeClock: 600 },
    "its clock is ten minutes slow": { nodeClock: -600 },
    "the kubelet is dead and the node's clock ten minutes slow": { kubeletStops: 0, nodeClock: -600 },
    "our clock is ten minutes fast": { ourClock: 600 },
    "our clock is ten minutes slow": { ourClock: -600 },
    "the kubelet is dead and our clock ten minutes fast": { kubeletStops: 0, ourClock: 600 },
    "a colleague has set the out-of-service taint": { taints: [outOfService] },
    "the cloud's taint is wrong": { taints: [shutdown] },
    "the server keeps no managedFields": { managedFields: false },
    "the server tells no time": { serverTime: false },
  };

  test.each(Object.entries(living))("%s", (_name, story) => {
    const verdicts = moments.map((moment) => verdictAt(moment, story).verdict);
    expect(verdicts.filter((verdict) => !refusing.has(verdict))).toEqual([]);
  });

  test.each(Object.entries(living))("nor on two looks: %s", (_name, story) => {
    for (const moment of moments.slice(50, 60))
      for (const later of [15, 60, 200]) {
        const { verdict } = assessLiveness(readingAt(moment, story), readingAt(moment + later, story));
        expect(refusing, `${moment} and ${later} s later`).toContain(verdict);
      }
  });

  test("once the silence of the kubelet is plain, a heartbeat since then proves life, and says what to do", () => {
    const { verdict, reason } = verdictAt(300, { kubeletStops: 0 });
    expect(verdict).toBe("alive");
    expect(reason).toMatch(
      /^The host of worker-1 is alive although its kubelet is not heard: its virt-handler has reported \d+s ago/,
    );
  });

  test.each([
    ["may not be read", forbidden, "could not be read: forbidden: get leases"],
    ["is absent", absent, "does not exist"],
  ])("whose Lease %s, but which is Ready, has a kubelet that is heard", (_why, lease, told) => {
    expect(verdictAt(300, { lease }).reason).toBe(
      `worker-1 is alive: its virt-handler has reported 42s ago, and the control plane sees it Ready. Its lease ${told}.`,
    );
    expect(verdictAt(300, { lease, heartbeat: "never" }).reason).toBe(
      `worker-1 is alive: the control plane sees it Ready. Its lease ${told}.`,
    );
  });

  test("each sign of a host whose kubelet is dead is named as what it is", () => {
    expect(verdictAt(300, { kubeletStops: 0, containers: 290 }).reason).toBe(
      "The host of worker-1 is alive although its kubelet is not heard: its virt-handler has reported 42s ago, and its pods were reported 10s ago. Its VMs may run. Switch it off, or repair its kubelet.",
    );
  });

  test("nothing that others say outweighs a sign of life", () => {
    const power: PowerReport[] = [
      { source: "BareMetalHost", state: "off", since: at(290), detail: "reports the host off" },
    ];
    expect(verdictAt(300, { kubeletStops: 0, taints: [shutdown, outOfService] }, { power, record }).verdict).toBe(
      "alive",
    );
  });
});

describe("no death is refused for good, and none is taken for proven without proof", () => {
  const dead: Record<string, Story> = {
    "the host is off": death,
    "kubelet and virt-handler are dead, the host is alive": death,
    "the network is split between node and API server": death,
    "virt-handler had been dead before": { ...death, handlerStops: -4000 },
    "the kubelet had been dead before": { ...death, kubeletStops: -4000 },
    "virt-handler had never reported": { ...death, heartbeat: "never" },
    "the Lease is absent": { ...death, lease: absent },
    "the Lease may not be read": { ...death, lease: forbidden },
    "its clock was ten minutes fast": { ...death, nodeClock: 600 },
    "its clock was ten minutes slow": { ...death, nodeClock: -600 },
    "our clock is ten minutes fast": { ...death, ourClock: 600 },
    "our clock is ten minutes slow": { ...death, ourClock: -600 },
    "a colleague has set the out-of-service taint": { ...death, taints: [outOfService] },
    "its pods had changed right before": { ...death, containers: 0 },
    "the Node has been deleted": { ...death, node: absent, lease: absent },
  };

  test.each(Object.entries(dead))("%s", (_name, story) => {
    const verdicts = moments.map((moment) => verdictAt(moment, story).verdict);
    expect(verdicts.filter((verdict) => verdict === "proven-dead")).toEqual([]);
    expect(new Set(verdicts.slice(moments.findIndex((moment) => moment >= settled)))).toEqual(new Set(["unproven"]));
  });

  test.each([
    ["ten minutes fast", { nodeClock: 600 }],
    ["ten minutes slow", { nodeClock: -600 }],
    ["right, and ours is ten minutes fast", { ourClock: 600 }],
    ["right, and ours is ten minutes slow", { ourClock: -600 }],
  ])("no verdict and no age changes when the node's clock is %s", (_clock, wrong) => {
    for (const moment of moments) {
      const { signs, ...rest } = verdictAt(moment, { ...death, ...wrong });
      const told = signs.filter(({ source }) => source !== "clocks");
      expect({ ...rest, signs: told }).toEqual(verdictAt(moment, death));
    }
  });

  test("a crash 10 s ago still looks like life, and says when that will show", () => {
    const { verdict, reason } = verdictAt(10, death);
    expect(verdict).toBe("alive");
    expect(reason).toBe(
      "worker-1 is alive: its kubelet renewed its lease 17s ago. If it has only just crashed, that will show at 14:30:33 UTC.",
    );
  });

  test("a crash a minute ago cannot be told yet: the heartbeat may be the last breath of the host", () => {
    const young = verdictAt(60, death);
    expect(young.verdict).toBe("undecided");
    expect(signOf(young, "virt-handler heartbeat")).toMatchObject({ grade: "stale", silentAt: young.decidableAt });
    const end = (Date.parse(young.decidableAt ?? "") - Date.parse(at(0))) / 1000;
    expect(verdictAt(end, death).verdict).toBe("undecided");
    expect(verdictAt(end + 1, death).verdict).toBe("unproven");
  });

  test("a Ready condition that nobody has corrected yet cannot be told, and does not hold for ever", () => {
    const stories = { ...death, kubeletStops: -40, handlerStops: -4000 };
    const ready = (moment: number) => {
      const reading = readingAt(moment, stories);
      const uncorrected = { ...reading, object: readingAt(0, {}).object };
      return assessLiveness(uncorrected);
    };
    expect(ready(5).verdict).toBe("undecided");
    expect(signOf(ready(5), "Ready condition").grade).toBe("stale");
    expect(ready(200).verdict).toBe("unproven");
  });
});

describe("proof of death", () => {
  const since = (seconds: number | undefined) => ({ since: seconds === undefined ? undefined : at(seconds) });
  const proofs: [string, PowerReport][] = [
    [
      "BareMetalHost reported off",
      { source: "BareMetalHost", state: "off", ...since(30), detail: "reports the host off" },
    ],
    ["Machine reported off", { source: "Machine", state: "off", ...since(1), detail: "reports the instance stopped" }],
    ["fencing completed", { source: "FenceAgentsRemediation", state: "fenced", ...since(90), detail: "has succeeded" }],
  ];

  test.each(proofs)("%s after the node was last heard", (_name, report) => {
    const liveness = verdictAt(300, death, { power: [report] });
    expect(liveness.verdict).toBe("proven-dead");
    expect(signOf(liveness, report.source).grade).toBe("proof-of-death");
    expect(liveness.reason).toContain(report.source);
  });

  test("the cloud's shutdown taint", () => {
    expect(verdictAt(300, { ...death, taints: [shutdown] }).verdict).toBe("proven-dead");
  });

  const noProofs: [string, PowerReport][] = [
    ["what was reported before the node was last heard", { ...(proofs[0]?.[1] as PowerReport), ...since(-60) }],
    ["what was reported at an unknown time", { ...(proofs[1]?.[1] as PowerReport), ...since(undefined) }],
    ["what was reported at no time at all", { ...(proofs[1]?.[1] as PowerReport), since: "yesterday" }],
    ["a remediation under way", { source: "SelfNodeRemediation", state: "working", detail: "has not fenced it yet" }],
    ["a kind that is not installed", { source: "BareMetalHost", state: "unknown", detail: "kind not installed" }],
  ];

  test.each(noProofs)("is not %s", (_name, report) => {
    const liveness = verdictAt(300, death, { power: [report] });
    expect(liveness.verdict).toBe("unproven");
    expect(signOf(liveness, report.source).grade).toBe("unknown");
  });

  test("is not a person's word, be it a taint or a record", () => {
    const liveness = verdictAt(300, { ...death, taints: [outOfService] }, { record });
    expect(liveness.verdict).toBe("unproven");
    expect(liveness.signs.filter(({ grade }) => grade === "asserted").map(({ source }) => source)).toEqual([
      "out-of-service taint",
      "record",
    ]);
  });

  test("is a word on record, told with its date unless it was given today", () => {
    const said = (at: string, kind: "record" | "stale") => {
      const vms = { cordonedByUs: true, taints: [], vms: [] };
      const assertions = [{ by: "ann", at, text: "BMC" }];
      const found = { kind, record: { v: 1, kind: "recover", by: "ann", since: at, ...vms, assertions } } as const;
      const { grade, detail } = signOf(verdictAt(300, death, { record: found }), "record");
      return `${grade}: ${detail}`;
    };
    expect(said(at(-60), "record")).toMatch(/^asserted: ann declared at \d\d:\d\d:\d\d: BMC$/);
    expect(said("2020-02-29T03:24:57Z", "record")).toBe("asserted: ann declared on 2020-02-29 at 03:24:57: BMC");
    expect(said("2020-02-29T03:24:57Z", "stale")).toBe(
      "unknown: stale, for the node was made schedulable since: ann declared on 2020-02-29 at 03:24:57: BMC",
    );
    expect(said("then", "record")).toBe("asserted: ann declared at then: BMC");
  });

  test("of our own taint it is not said that somebody has set it", () => {
    const taints = ["node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"];
    const ours = record.kind === "record" ? { ...record, record: { ...record.record, taints } } : record;
    const detailBy = (found: RecordOnNode) =>
      signOf(verdictAt(300, { ...death, taints: [outOfService] }, { record: found }), "out-of-service taint").detail;
    expect(detailBy(ours)).toMatch(/^set by the recovery on record/);
    expect(detailBy(record)).toMatch(/^somebody/);
  });

  test("does not shorten the time after which a sign is silent", () => {
    expect(verdictAt(60, { ...death, taints: [shutdown] }).verdict).toBe("undecided");
  });

  test("of a deleted Node needs more than a report: when it was last heard is not known", () => {
    const story: Story = { ...death, node: absent, lease: absent, containers: -90_000 };
    expect(verdictAt(300, story, { power: [proofs[2]?.[1] as PowerReport] }).verdict).toBe("unproven");
  });

  test("where Lease and heartbeat cannot be told, counts from when the control plane missed the node", () => {
    const story: Story = { ...death, lease: forbidden, heartbeat: "never" };
    const fenced = (seconds: number) => ({ power: [{ ...(proofs[2]?.[1] as PowerReport), ...since(seconds) }] });
    expect(verdictAt(300, story, fenced(40)).verdict).toBe("unproven");
    expect(verdictAt(300, story, fenced(60)).verdict).toBe("proven-dead");
  });

  test("a host that is reported on is named against an assertion", () => {
    const power: PowerReport[] = [
      {
        source: "BareMetalHost",
        state: "on",
        detail: "reports the host on",
        object: { kind: "baremetalhost", name: "r3" },
      },
    ];
    expect(verdictAt(300, death, { power }).reason).toMatch(
      /nothing proves that it is off\. BareMetalHost r3 even reports/,
    );
  });
});

describe("a node that reboots", () => {
  const story: Story = { ...death, backAt: 90 };

  test("is not taken for dead while it is down", () => {
    for (const moment of [30, 50, 70, 89]) expect(refusing).toContain(verdictAt(moment, story).verdict);
  });

  test.each([
    ["an earlier reading", () => assessLiveness(readingAt(80, story), readingAt(120, story))],
    ["the record of an operation", () => verdictAt(120, story, { record })],
  ])("and is Ready again with another bootID, by %s, has nothing to recover", (_name, look) => {
    const liveness = look();
    expect(liveness).toMatchObject({ verdict: "alive", rebooted: true });
    expect(liveness.reason).toContain("nothing to recover");
  });

  test("without an earlier bootID is simply alive", () => {
    expect(verdictAt(120, story)).toMatchObject({ verdict: "alive", rebooted: false });
  });

  test("and died again is not alive by its bootID", () => {
    const uncorrected = { ...readingAt(600, death), object: readingAt(600, {}).object };
    const booted = { ...record, record: { ...record.record, bootID: "other" } };
    expect(assessLiveness(uncorrected, undefined, { ...nothingElse, record: booted }).rebooted).toBe(false);
    expect(
      verdictAt(600, { ...death }, { record: { ...record, record: { ...record.record, bootID: "other" } } }),
    ).toMatchObject({ verdict: "unproven", rebooted: false });
  });
});

describe("without managedFields a sign is judged by whether its value changes", () => {
  const unstamped: Story = { ...death, managedFields: false };

  it("one look tells nothing", () => {
    const liveness = verdictAt(600, unstamped);
    expect(liveness.verdict).toBe("undecided");
    expect(signOf(liveness, "kubelet lease")).toMatchObject({ grade: "stale", silentAt: at(640) });
    expect(liveness.decidableAt).toBe(at(750));
  });

  it("unchanged for longer than a living node takes to write is silence", () => {
    const first = readingAt(600, unstamped);
    expect(assessLiveness(first, readingAt(640, unstamped)).verdict).toBe("undecided");
    expect(assessLiveness(first, readingAt(751, unstamped)).verdict).toBe("unproven");
  });

  it("a change is life", () => {
    const story: Story = { handlerStops: 0, managedFields: false };
    expect(assessLiveness(readingAt(600, story), readingAt(615, story)).verdict).toBe("alive");
  });

  it("where the server tells no time either, our own clock measures the span", () => {
    const story: Story = { ...death, serverTime: false, ourClock: 600 };
    const first = readingAt(600, story);
    expect(assessLiveness(first, readingAt(640, story)).verdict).toBe("undecided");
    expect(assessLiveness(first, readingAt(751, story)).verdict).toBe("unproven");
  });
});

test("a value that changed between two looks is life whatever its stamp", () => {
  const first = readingAt(600, death);
  const second = readingAt(620, death);
  const changed = { ...second, heartbeat: { value: "other", writtenAt: at(-9000), readAt: at(620) } };
  expect(assessLiveness(first, changed).verdict).toBe("alive");
});

test("a lease, or a heartbeat, that an earlier look missed is life", () => {
  const story: Story = { ...death, managedFields: false };
  const later = readingAt(760, story);
  const { heartbeat: _, ...mute } = readingAt(600, story);
  expect(signOf(assessLiveness({ ...mute, lease: absent }, later), "kubelet lease").grade).toBe("alive");
  expect(signOf(assessLiveness(mute, later), "virt-handler heartbeat").grade).toBe("alive");
});

test("what an earlier look could not read was not seen unchanged", () => {
  const story: Story = { ...death, managedFields: false };
  const first = { ...readingAt(600, story), lease: forbidden };
  expect(signOf(assessLiveness(first, readingAt(760, story)), "kubelet lease").grade).toBe("stale");
});

test("later readings are compared with the earliest that did not fail", () => {
  const [first, second] = [readingAt(600, death), readingAt(620, death)];
  expect(comparable(undefined, first)).toBe(first);
  expect(comparable(first, second)).toBe(first);
  expect(comparable({ ...first, lease: forbidden }, second)).toMatchObject({ lease: forbidden });
  expect(comparable({ ...first, lease: failed }, second)).toBe(second);
  expect(comparable({ ...first, object: failed }, second)).toBe(second);
});

describe("the last breath of a host", () => {
  /** Read at 100, the lease renewed at 0 and the heartbeat written at `heartbeat`. */
  const silentSince = (heartbeat: number, story: Story = {}): NodeSigns => {
    const stamp = (written: number) => ({ value: at(written), writtenAt: at(written), readAt: at(100) });
    const lease =
      story.lease === undefined ? ({ kind: "seen", value: stamp(0) } as const) : (story.lease as NodeSigns["lease"]);
    return { ...readingAt(100, { ...death, ...story }), lease, heartbeat: stamp(heartbeat) };
  };
  const gradeOf = (signs: NodeSigns) => signOf(assessLiveness(signs), "virt-handler heartbeat").grade;

  it("is what was written until the kubelet had missed two renewals", () => {
    expect([gradeOf(silentSince(20)), gradeOf(silentSince(21))]).toEqual(["stale", "alive"]);
  });

  it("is counted from the control plane's grace period where the lease cannot be read", () => {
    // Ready became Unknown at 50: the kubelet was last heard at 10.
    expect([gradeOf(silentSince(30, { lease: forbidden })), gradeOf(silentSince(31, { lease: forbidden }))]).toEqual([
      "stale",
      "alive",
    ]);
  });

  it("is not what has changed since an earlier look", () => {
    const first = { ...silentSince(-60), time: at(5), localTime: at(5) };
    expect(assessLiveness(first, silentSince(10)).verdict).toBe("alive");
  });
});

test("container statuses that a small second reading did not ask for are judged by the first", () => {
  const { containers: _, ...small } = readingAt(620, { ...death, containers: 500 });
  const first = readingAt(600, { ...death, containers: 500 });
  expect(assessLiveness(first, small).verdict).toBe("alive");
});

test("a pod that has reported containers for the first time is life", () => {
  const story: Story = { ...death, managedFields: false };
  const first = { ...readingAt(600, story), containers: { kind: "seen", value: [] } as const };
  expect(signOf(assessLiveness(first, readingAt(760, story)), "container status").grade).toBe("alive");
});

describe("what could not be read", () => {
  test.each([
    ["the API server does not answer us", { ...death, node: failed, lease: failed }],
    ["the Node was not answered", { ...death, node: failed }],
    ["the Node may not be read", { ...death, node: forbidden }],
    ["the Lease was not answered", { ...death, lease: failed }],
  ])("leaves it undecided: %s", (_name, story: Story) => {
    const { verdict, decidableAt } = verdictAt(600, story);
    expect({ verdict, decidableAt }).toEqual({ verdict: "undecided", decidableAt: undefined });
  });

  it("is a sign that is unknown, with the reason", () => {
    expect(signOf(verdictAt(600, { ...death, lease: forbidden }), "kubelet lease")).toMatchObject({
      grade: "unknown",
      detail: "could not be read: forbidden: get leases",
    });
    const gaps = [{ resource: "nodemaintenances", reason: "forbidden: list nodemaintenances" }];
    expect(signOf(verdictAt(600, death, { gaps }), "NodeMaintenance")).toMatchObject({ grade: "unknown" });
  });
});

test.each([
  [59, undefined],
  [-600, "the API server's is 10m ahead of this machine's: if that one is wrong, these ages may be, too"],
  [600, "the API server's is 10m behind this machine's: if that one is wrong, these ages may be, too"],
])("our clock is %s s fast: what is said, and decides nothing", (ourClock, detail) => {
  const { signs, verdict } = assessLiveness(readingAt(600, { ...death, ourClock }));
  expect(signs.find(({ source }) => source === "clocks")?.detail).toBe(detail);
  expect(verdict).toBe("unproven");
});

test("the outage begins at the latest write of the node itself", () => {
  expect(verdictAt(600, death).outageSince).toBe(at(-6));
  expect(verdictAt(600, { ...death, containers: -2 }).outageSince).toBe(at(-2));
  expect(verdictAt(600, { ...death, managedFields: false }).outageSince).toBeUndefined();
});

describe("the gate before a destructive call", () => {
  const consented = readingAt(600, death);

  it("is open while nothing has changed", () => {
    expect(gateOf(consented, readingAt(601, death))).toEqual({ kind: "open" });
    const { containers: _, ...small } = readingAt(601, death);
    expect(gateOf(consented, small)).toEqual({ kind: "open" });
  });

  it("stays open without managedFields, and when Node and Lease have been deleted", () => {
    const unstamped = { ...death, managedFields: false };
    expect(gateOf(readingAt(800, unstamped), readingAt(801, unstamped)).kind).toBe("open");
    expect(gateOf(consented, readingAt(601, { ...death, node: absent, lease: absent })).kind).toBe("open");
  });

  test.each<[string, Story]>([
    ["the lease is renewed", { handlerStops: 0 }],
    ["virt-handler reports", { kubeletStops: 0 }],
    ["it is back", { ...death, backAt: 595 }],
  ])("closes for life: %s", (_name, story) => {
    expect(gateOf(consented, readingAt(800, story)).kind).toBe("life");
  });

  it("closes when the node is Ready again, has booted, or has registered anew, whatever its signs say", () => {
    const reading = readingAt(601, death);
    if (reading.object.kind !== "seen") throw new Error("no node");
    const node = reading.object.value;
    const ready = [{ type: "Ready", status: "True" }];
    for (const changed of [
      { ...node, status: { ...node.status, conditions: ready } },
      { ...node, status: { ...node.status, bootID: "other" } },
      { ...node, metadata: { ...node.metadata, uid: "other" } },
    ])
      expect(gateOf(consented, { ...reading, object: { kind: "seen", value: changed } }).kind).toBe("life");
    const deleted = readingAt(600, { ...death, node: absent, lease: absent });
    expect(gateOf(deleted, { ...reading, lease: absent })).toMatchObject({ reason: "worker-1 has registered anew" });
  });

  it("tells whether the guests that ran there have ended", () => {
    const isBack = gateOf(consented, readingAt(800, { ...death, backAt: 595 }));
    expect(isBack).toMatchObject({ kind: "life", rebooted: true });
    expect(gateOf(consented, readingAt(800, { handlerStops: 0 }))).toMatchObject({ kind: "life", rebooted: false });
  });

  test.each<[string, Story]>([
    ["of the Node", { ...death, node: failed }],
    ["of the Lease", { ...death, lease: failed }],
    ["of the Node, which may not be read any more", { ...death, node: forbidden }],
    ["of the Lease, which may not be read any more", { ...death, lease: forbidden }],
  ])("closes after a failed read %s", (_name, story) => {
    expect(gateOf(consented, readingAt(601, story)).kind).toBe("unread");
  });

  it("does not ask for a Lease that could not be read when consent was given", () => {
    const story: Story = { ...death, lease: forbidden };
    expect(gateOf(readingAt(600, story), readingAt(601, story)).kind).toBe("open");
  });
});

test("whatever is missing, a verdict comes of it", () => {
  const bare = { node: "x", localTime: "", object: absent, lease: absent };
  expect(assessLiveness(bare, bare, nothingElse).verdict).toBe("unproven");
  expect(assessLiveness({ ...bare, object: failed, lease: failed }).verdict).toBe("undecided");
});
