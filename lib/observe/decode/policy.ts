/** Decodes PodDisruptionBudgets (group policy). */
import type { PodDisruptionBudget } from "../../model/kubernetes.ts";
import { number, text, textOrNumber } from "../read-field.ts";
import { decodeConditions, decoder } from "./metadata.ts";
import { decodeLabelSelector } from "./scheduling.ts";

/** A budget whose status is missing allows nothing, as in the API server, where the fields' zero value is 0. */
export const decodeBudget = decoder(
  ({ metadata, spec, status }): PodDisruptionBudget => ({
    metadata,
    spec: {
      minAvailable: textOrNumber(spec.minAvailable),
      maxUnavailable: textOrNumber(spec.maxUnavailable),
      selector: decodeLabelSelector(spec.selector),
      unhealthyPodEvictionPolicy: text(spec.unhealthyPodEvictionPolicy),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      disruptionsAllowed: number(status.disruptionsAllowed) ?? 0,
      currentHealthy: number(status.currentHealthy) ?? 0,
      desiredHealthy: number(status.desiredHealthy) ?? 0,
      expectedPods: number(status.expectedPods) ?? 0,
      conditions: decodeConditions(status.conditions),
    },
  }),
);
