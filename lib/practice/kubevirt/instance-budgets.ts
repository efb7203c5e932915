/** The PodDisruptionBudgets that KubeVirt up to 1.5 kept for every VMI to be migrated (pkg/virt-controller/watch/drain/disruptionbudget). */
import { createdByLabel } from "../../platform/names.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { budgets, instances, isOf, keyOf, managers, migrations, objectAt } from "../kubernetes/keys.ts";
import { controllerReference, isControlledBy, isDeleting } from "../kubernetes/objects.ts";
import type { KubeObject } from "../store.ts";
import { vmiKeyOfMigration } from "./evacuation.ts";
import { isFinal, isMigratable, isRunningMigration, migrationsOf } from "./instance.ts";
import { migrationNameLabel } from "./names.ts";
import { effectiveStrategy } from "./settings.ts";
import type { Virt } from "./virt.ts";

const writer = managers.virtController;
const from = "disruptionbudget-controller";

export function createInstanceBudgets(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-budget",
    *touches({ key, object }) {
      if (isOf(key, instances)) yield keyOf(object);
      if (isOf(key, migrations)) yield vmiKeyOfMigration(object);
    },
    reconcile(key) {
      const vmi = objectAt(world.store, instances, key);
      if (vmi !== undefined && !isDeleting(vmi)) sync(virt, vmi);
      return undefined;
    },
  };
}

/** LiveMigrate and External are protected whether they can be migrated or not, LiveMigrateIfPossible only while it can. */
function isProtected(virt: Virt, vmi: KubeObject): boolean {
  if (isFinal(vmi)) return false;
  const strategy = effectiveStrategy(virt.world, vmi);
  return (
    strategy === "LiveMigrate" || strategy === "External" || (strategy === "LiveMigrateIfPossible" && isMigratable(vmi))
  );
}

function sync(virt: Virt, vmi: KubeObject): void {
  const { world } = virt;
  const owned = world.dependents(vmi.metadata.uid).find((object) => isBudgetOf(object, vmi));
  if (!isProtected(virt, vmi)) {
    if (owned !== undefined) world.store.delete(budgets, owned.metadata.namespace, owned.metadata.name, {}, writer);
    return;
  }
  const migration = migrationsOf(world, vmi).find(isRunningMigration);
  const budget = owned ?? createBudget(virt, vmi);
  const adjust = (draft: KubeObject): void => {
    draft.spec.minAvailable = migration === undefined ? 1 : 2;
    const labels = { ...draft.metadata.labels };
    if (migration === undefined) delete labels[migrationNameLabel];
    else labels[migrationNameLabel] = migration.metadata.name;
    if (Object.keys(labels).length > 0) draft.metadata.labels = labels;
    else delete draft.metadata.labels;
  };
  world.store.modify(budgets, budget.metadata.namespace, budget.metadata.name, adjust, writer);
}

function isBudgetOf(object: KubeObject, vmi: KubeObject): boolean {
  return object.kind === "PodDisruptionBudget" && isControlledBy(object, vmi);
}

function createBudget(virt: Virt, vmi: KubeObject): KubeObject {
  const budget = virt.world.store.create(
    budgets,
    {
      metadata: {
        namespace: vmi.metadata.namespace ?? "",
        generateName: "kubevirt-disruption-budget-",
        ownerReferences: [controllerReference(vmi)],
      },
      spec: { minAvailable: 1, selector: { matchLabels: { [createdByLabel]: vmi.metadata.uid } } },
    },
    writer,
  );
  const message = `Created PodDisruptionBudget ${budget.metadata.name}`;
  virt.world.record(vmi, { type: "Normal", reason: "SuccessfulCreate", message, from });
  return budget;
}
