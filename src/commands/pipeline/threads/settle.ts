import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What units leave behind is garbage, and a heap would double before it is looked for: several heaps share this process. */
const UNITS_PER_COLLECTION = 100;

/** To be called between units: collects garbage now and then. */
export function settler(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let units = 0;
  return () => {
    units += 1;
    if (units % UNITS_PER_COLLECTION === 0) collect();
  };
}
