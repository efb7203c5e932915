/** The link by which kubectl asks us for completions, for the commands that make it and that look after it. */
import { type CompleterLink, findCompleterLink } from "../lib/terminal/completer-link.ts";
import type { World } from "./world.ts";

/** Where the link is, or would be, for the program that started us. Throws ExpectedError when we are not run as a plugin's file. */
export async function completerLink(world: Pick<World, "startedAs" | "env" | "program">): Promise<CompleterLink> {
  const [host = ""] = world.program.split(" ");
  return await findCompleterLink({ name: world.startedAs, path: world.env.PATH, host });
}
