/**
 * POST /predict on bare node:http with the same model, without checks, routing, metrics or log. The difference to the
 * service is what those and the framework cost.
 *
 *     MODEL_URI=models/model.bin PORT=0 node bench/peers/raw_http.ts
 */
import { createServer } from 'node:http';
import { readModel } from '../../ml/model/artifact.ts';

const model = readModel(process.env.MODEL_URI!);
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { text } = JSON.parse(Buffer.concat(chunks).toString()) as { text: string };
    const { label, probability, confidence } = model.predict(text);
    const body = JSON.stringify({ label, probability, confidence });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
