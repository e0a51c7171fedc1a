/** A step of a runbook, as a person reads it. */
export interface Step {
  readonly title: string;
  /** Where it says that it is done; empty where it names no place. */
  readonly where: string;
  /** For a shell; empty where it has none. */
  readonly script: string;
}

/** The steps of a part of what `ROTATION.md` says of a keyset: by default those of the stage under way. */
export function stepsOfPage(page: string, keyset: string, heading = 'Now: '): readonly Step[] {
  const section = page.split(/^## /mu).find((part) => part.startsWith(`${keyset}: `));
  const part = section?.split(/^### /mu).find((each) => each.startsWith(heading));
  if (part === undefined) throw new Error(`ROTATION.md has no "${heading}" of "${keyset}"`);
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
  const [, rollOut = ''] = output.split(/^to roll out /mu);
  return rollOut
    .split(/^(?= {2}\d+\. )/mu)
    .slice(1)
    .map((step) => ({
      title: /^ {2}\d+\. (.*)$/mu.exec(step)?.[1] ?? '',
      where: /^ {5}On (.*?)\. /mu.exec(step)?.[1] ?? '',
      script: [...step.matchAll(/^ {7}(.*)$/gmu)].map(([, line]) => line).join('\n'),
    }));
}
