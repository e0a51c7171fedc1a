import test from 'ava';
import { describeWork } from '../../../../src/commands/propose/describe.ts';
import { credentialPath } from '../../../../src/model/names.ts';

test('describeWork: what others wrote is code in the text of a pull request, where no mention, link, picture or HTML is live', (t) => {
  const credential = credentialPath('prod', null, 'web');
  const hostile = '@bob [c](http://evil.test) ![i](http://evil.test/x.png) <b>`#1`';
  const { body } = describeWork({
    name: 'prod',
    clusters: ['prod'],
    set: [],
    actions: [
      {
        action: 'issue',
        cluster: 'prod',
        credential,
        reason: 'SubjectChanged',
        message: `subject is "CN=web", is declared "CN=${hostile}"`,
        needsIdentity: true,
      },
    ],
    ends: new Map([[credential, new Date('2027-11-22T08:00:00Z')]]),
    deadline: new Date('2027-11-22T08:00:00Z'),
    renewBefore: 0,
  });
  const row = body.split('\n').find((line) => line.startsWith('| issue '));
  t.is(
    row,
    `| issue | \`prod/web\` | 2027-11-22 | SubjectChanged: subject is \`CN=web\`, is declared \`\` CN=${hostile} \`\` |`,
  );
});
