/** The same object in the other API versions under which its resource is served. */
import type { Resource } from "../resource.ts";
import type { KubeObject } from "../store.ts";

const converted = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** A stored object in the API version of the request. */
export function asServed(object: KubeObject, resource: Resource, version: string): KubeObject {
  if (version === resource.version && resource.storedAs === undefined) return object;
  const apiVersion = resource.group === "" ? version : `${resource.group}/${version}`;
  if (apiVersion === object.apiVersion) return object;
  let versions = converted.get(object);
  if (versions === undefined) {
    versions = new Map();
    converted.set(object, versions);
  }
  let served = versions.get(apiVersion);
  if (served === undefined) {
    served = resource.group === "events.k8s.io" ? newEvent(object, apiVersion) : { ...object, apiVersion };
    versions.set(apiVersion, served);
  }
  return served;
}

/** An object as a client wrote it, in the API version in which it is kept. */
export function asStored(object: KubeObject, resource: Resource): KubeObject {
  if (resource.group === "events.k8s.io") return oldEvent(object);
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

// Events are kept as core/v1; events.k8s.io/v1 calls the same fields otherwise (kubernetes pkg/apis/events/v1/conversion.go).

function newEvent(event: KubeObject, apiVersion: string): KubeObject {
  const {
    involvedObject,
    message,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    reportingInstance,
    ...rest
  } = event;
  return definedOnly({
    ...rest,
    apiVersion,
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
    reportingController: reportingComponent,
    reportingInstance,
  });
}

function oldEvent(event: KubeObject): KubeObject {
  const {
    regarding,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    ...rest
  } = event;
  return definedOnly({
    ...rest,
    apiVersion: "v1",
    involvedObject: regarding,
    message: note,
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
    reportingComponent: reportingController,
  });
}

function definedOnly(object: Record<string, unknown>): KubeObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as unknown as KubeObject;
}
