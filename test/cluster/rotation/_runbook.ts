/** A step of a runbook, as a person reads it. */
export interface Step {
  readonly title: string;
  /** Where it says that it is done; empty where it names no place. */
  readonly where: string;
  /** For a shell; empty where it has none. */
  readonly script: string;
}

/** The steps of a keyset's stage under way, from `ROTATION.md`. */
export function stepsOfPage(page: string, keyset: string): readonly Step[] {
  const section = page.split(/^## /mu).find((part) => part.startsWith(`${keyset}: `));
  const part = section?.split(/^### /mu).find((each) => each.startsWith('Now: '));
  if (part === undefined) throw new Error(`ROTATION.md has no steps of "${keyset}"`);
  return part
    .split(/^(?=\*\*\d+\. )/mu)
    .slice(1)
    .map((step) => ({
      title: /^\*\*\d+\. (.*?)\.\*\*/u.exec(step)?.[1] ?? '',
      where: /\.\*\* On (.*?)\. /u.exec(step)?.[1] ?? '',
      script: /```bash\n([^]*?)\n```/u.exec(step)?.[1] ?? '',
    }));
}

/** The steps that `rotate` has printed whole, since no page has them any more. */
export function stepsOfOutput(output: string): readonly Step[] {
  return output
    .split(/^(?= {2}\d+\. )/mu)
    .slice(1)
    .map((step) => ({
      title: /^ {2}\d+\. (.*)$/mu.exec(step)?.[1] ?? '',
      where: /^ {5}On (.*?)\. /mu.exec(step)?.[1] ?? '',
      script: [...step.matchAll(/^ {7}(.*)$/gmu)].map(([, line]) => line).join('\n'),
    }));
}
