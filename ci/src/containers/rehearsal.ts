/** What a rehearsal has in place of an account: an AWS that answers but owns nothing, and a registry with a password. */
import { type Container, dag, type Service } from '@dagger.io/dagger';
import { SRC } from './toolbox.ts';

const MOTO_PORT = 5001;

/** moto, the one double of the project: it speaks for ECR and STS, and holds no images. */
export function awsDouble(toolbox: Container): Service {
  return toolbox
    .withExposedPort(MOTO_PORT)
    .asService({ args: [`${SRC}/.venv/bin/moto_server`, '-H', '0.0.0.0', '-p', String(MOTO_PORT)] });
}

/** Under this name, and no other, engines speak plain HTTP to a registry. */
export const REGISTRY = 'localhost:5000';

/** An empty registry that lets in this user alone, with the password that ECR (or its double) has given out. */
export function passwordRegistry(image: string, toolbox: Container, signIn: { username: string; password: string }) {
  return dag
    .container()
    .from(image)
    .withFile('/auth/htpasswd', htpasswd(toolbox, signIn))
    .withEnvVariable('REGISTRY_AUTH', 'htpasswd')
    .withEnvVariable('REGISTRY_AUTH_HTPASSWD_REALM', 'rehearsal')
    .withEnvVariable('REGISTRY_AUTH_HTPASSWD_PATH', '/auth/htpasswd')
    .withExposedPort(5000)
    .asService({ useEntrypoint: true });
}

/** bcrypt, the only hash that the registry takes; Debian's perl-base has it, which every Debian image has. */
function htpasswd(toolbox: Container, { username, password }: { username: string; password: string }) {
  const program = 'print "$ARGV[0]:", crypt($ENV{PASSWORD}, q{$2y$05$} . "rehearsal" x 2 . "only"), "\\n"';
  return toolbox
    .withSecretVariable('PASSWORD', dag.setSecret('rehearsal-registry', password))
    .withExec(['perl', '-e', program, username], { redirectStdout: '/tmp/htpasswd' })
    .file('/tmp/htpasswd');
}
