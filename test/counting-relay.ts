/** Counts connections and bytes between a program and a server on this machine. */
import { connect, createServer } from "node:net";

export interface CountingRelay {
  /** Of the relay; a server's certificate must hold for it. */
  readonly address: string;
  connections: number;
  /** From the server to the program, as they are on the wire. */
  bytes: number;
  close(): void;
}

/** Stands between a program and a server on this machine, and counts what passes. */
export async function countingRelay(port: number): Promise<CountingRelay> {
  const server = createServer((socket) => {
    relay.connections += 1;
    const onward = connect(port, "127.0.0.1");
    onward.on("data", (chunk) => {
      relay.bytes += chunk.length;
    });
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as { port: number };
  const relay = {
    address: `https://127.0.0.1:${own}`,
    connections: 0,
    bytes: 0,
    close: () => void server.close(),
  };
  return relay;
}
