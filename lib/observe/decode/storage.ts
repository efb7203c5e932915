/** Decodes VolumeAttachments (group storage.k8s.io). */
import { objectOf } from "../../model/json.ts";
import type { VolumeAttachment } from "../../model/kubernetes.ts";
import { flag, text } from "../read-field.ts";
import { decoder } from "./metadata.ts";

export const decodeAttachment = decoder(
  ({ metadata, spec, status }): VolumeAttachment => ({
    metadata,
    attacher: text(spec.attacher) ?? "",
    nodeName: text(spec.nodeName) ?? "",
    persistentVolumeName: text(objectOf(spec.source).persistentVolumeName),
    attached: flag(status.attached),
  }),
);
