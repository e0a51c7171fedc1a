// Runs in a machine: node --import tsx runtime.ts SOCKET. A container runtime that runs nothing: what a kubelet asks at its start
// and of its health, in the words of runtime.v1 (k8s.io/cri-api); to everything else it answers that there is nothing.
import { createServer } from 'node:http2';
import process from 'node:process';

const [socket = ''] = process.argv.slice(2);

/** A field of a protocol buffer: bytes under a number below 16. */
function field(number: number, content: string | Buffer | boolean): Buffer {
  if (typeof content === 'boolean') return Buffer.from([number << 3, Number(content)]);
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

const condition = (type: string): Buffer =>
  field(1, Buffer.concat([field(1, type), field(2, true)]));

const ANSWERS: Readonly<Record<string, Buffer>> = {
  Version: Buffer.concat(
    ['0.1.0', 'nothing', '1.0.0', 'v1'].map((text, at) => field(at + 1, text)),
  ),
  Status: field(1, Buffer.concat([condition('RuntimeReady'), condition('NetworkReady')])),
};

createServer()
  .on('stream', (stream, headers) => {
    const method = headers[':path']?.split('/').at(-1) ?? '';
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.on('error', () => undefined);
    const answer = ANSWERS[method] ?? Buffer.alloc(0);
    const length = Buffer.alloc(5);
    length.writeUInt32BE(answer.length, 1);
    stream.end(Buffer.concat([length, answer]));
  })
  .listen(socket);
