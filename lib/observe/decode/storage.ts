/** Decodes VolumeAttachments (group storage.k8s.io). */
import type { VolumeAttachment } from "../../model/kubernetes.ts";
import { fieldsOf, flag, text } from "../read-field.ts";
import { decoder } from "./metadata.ts";

export const decodeAttachment = decoder(
  ({ metadata, spec, status }): VolumeAttachment => ({
    metadata,
    attacher: text(spec.attacher) ?? "",
    nodeName: text(spec.nodeName) ?? "",
    persistentVolumeName: text(fieldsOf(spec.source).persistentVolumeName),
    attached: flag(status.attached),
  }),
);
