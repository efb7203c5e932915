/** Decodes VolumeAttachments (group storage.k8s.io). */
import type { VolumeAttachment } from "../../model/kubernetes.ts";
import { fieldsOf, flag, text } from "../read-field.ts";
import { objectParts } from "./metadata.ts";

export function decodeAttachment(object: unknown): VolumeAttachment | undefined {
  const parts = objectParts(object);
  if (parts === undefined) return undefined;
  const { metadata, spec, status } = parts;
  return {
    metadata,
    attacher: text(spec.attacher) ?? "",
    nodeName: text(spec.nodeName) ?? "",
    persistentVolumeName: text(fieldsOf(spec.source).persistentVolumeName),
    attached: flag(status.attached),
  };
}
