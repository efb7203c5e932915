/** The server's own tables: columns by name and small rows, the cheapest way to see many objects. */
import { type JsonObject, objectsOf } from "../model/json.ts";
import type { ResourceType, Table, TableOptions } from "./api.ts";
import type { Connection } from "./connection.ts";
import { readPages } from "./paging.ts";

const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** All pages as one Table; undefined when the server answers with the objects themselves. */
export async function readTable(
  connection: Connection,
  type: ResourceType,
  options: TableOptions,
): Promise<Table | undefined> {
  const query = { includeObject: options.includeObject ?? "None" };
  const { parts, resourceVersion, serverTime, rest } = await readPages(
    connection,
    { type, options, accept, query },
    (body) => (body.kind === "Table" ? readPart(body) : undefined),
  );
  const pages = parts.filter((part) => part !== undefined);
  const [first] = pages;
  if (first === undefined || pages.length < parts.length) return undefined;
  // Only the first page has to name the columns.
  return { columns: first.columns, rows: pages.flatMap((page) => page.rows), resourceVersion, serverTime, rest };
}

function readPart(body: JsonObject): Pick<Table, "columns" | "rows"> {
  return {
    columns: objectsOf(body.columnDefinitions).map((column) => ({
      name: String(column.name ?? ""),
      type: String(column.type ?? ""),
      priority: typeof column.priority === "number" ? column.priority : 0,
    })),
    rows: objectsOf(body.rows).map((row) => ({
      cells: Array.isArray(row.cells) ? (row.cells as unknown[]) : [],
      object: row.object ?? undefined,
    })),
  };
}
