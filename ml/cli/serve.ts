/** `sentiment serve`: the service, with options before environment variables. */

export type ServeOptions = { model: string; port?: number; host?: string };

export async function serve({ model, port, host }: ServeOptions): Promise<void> {
  // The one place where ml/ reaches for service/, at run time: everything else points the other way.
  const [{ readConfig }, { runService }] = await Promise.all([
    import('../../service/config.ts'),
    import('../../service/run.ts'),
  ]);
  const config = readConfig(process.env);
  await runService({ ...config, modelUri: model, port: port ?? config.port, host: host ?? config.host }, (service) =>
    process.stderr.write(`serving ${model} on ${service.address} (Ctrl-C ends it)\n`),
  );
}
