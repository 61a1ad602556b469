// Puts the plain CloudFormation of a release into a CDK app, as a CDK user does, and checks it with cdk-nag:
//
//     python .ci/rendering.py cloudformation 0.1.0 target/appfabric-connect.json
//     npm ci --prefix tests/cdk
//     node tests/cdk/synth.mjs target/appfabric-connect.json
//
// It needs no network and no AWS account.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, CfnOutput, CloudFormationValidatePlugin, Stack, Tags } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks } from 'cdk-nag';

// Findings of cdk-nag that we accept, each with its reason. If a rule has several findings for one resource, `finding` is a part
// of the text of the one that is meant. Remove a reason that no longer has a finding.
const REASONS = [
  {
    rule: 'AwsSolutions-APIG2',
    resource: 'Api',
    reason: `The function checks every part of a request itself, and answers a damaged link with a page that helps. A validator of
      API Gateway would answer first, and would have less to say.`,
  },
  {
    rule: 'AwsSolutions-APIG3',
    resource: 'ApiliveStage',
    reason: `A web ACL is the optional parameter WebAclArn: it costs money each month, and an account may have its own. The
      finding comes only without it.`,
  },
  {
    rule: 'AwsSolutions-APIG6',
    resource: 'ApiliveStage',
    reason: `The execution log writes down queries and paths, which hold codes and connect links. The access log is on: it has one
      line for each request, without either.`,
  },
  {
    rule: 'AwsSolutions-DDB3',
    resource: 'FlowTable',
    reason: 'Nothing in the table is of use after a day. A backup would keep what was to expire.',
  },
  {
    rule: 'AwsSolutions-IAM5',
    finding: ':appbundle/*"',
    resource: 'Role',
    reason: `The parameter AppBundleIdentifier names the one app bundle. Its default is any app bundle of this account, where the
      role can read and connect app authorizations, and nothing else.`,
  },
  {
    rule: 'AwsSolutions-IAM5',
    finding: '/appauthorization/*"',
    resource: 'Role',
    reason: `A team makes app authorizations when it needs them, and their identifiers are not known before. The parameter
      AppAuthorizations lists those that the function may connect.`,
  },
  {
    rule: 'AwsSolutions-IAM5',
    finding: 'Resource::*]',
    resource: 'Role',
    reason: 'Only the statement for traces has it: X-Ray has no resource to which its two actions could be limited.',
  },
];

const UUID = '11111111-2222-3333-4444-555555555555';

// The parameters that the test sets. All others stay parameters.
const SETTINGS = {
  AppAuthorizations: JSON.stringify({
    slack: `arn:aws:appfabric:us-east-1:123456789012:appbundle/${UUID}/appauthorization/${UUID}`,
  }),
  OrganisationName: 'Example Ltd',
  AlarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:connections',
};

/** The stack of a user, in a cloud assembly: it is the template with these settings, a tag and an output of the user's own. */
function synthesised(file, folder, template) {
  // CDK's validator runs below, where the test can read its report.
  const app = new App({ outdir: join(folder, 'cdk.out'), builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Connect', { env: { account: '123456789012', region: 'eu-west-1' } });
  const zip = join(folder, 'function.zip');
  writeFileSync(zip, 'the zip of a release');
  const code = new Asset(stack, 'Code', { path: zip });
  const parameters = { CodeBucket: code.s3BucketName, CodeKey: code.s3ObjectKey, ...SETTINGS };
  const connect = new CfnInclude(stack, 'Template', { templateFile: file, parameters });
  Tags.of(connect.getResource('Function')).add('team', 'identity');
  new CfnOutput(stack, 'RegisterThis', { value: connect.getOutput('RedirectUri').value });

  const artifact = app.synth().getStackByName('Connect');
  const made = artifact.template;

  // The user's own parts are there, and CDK's.
  const tags = made.Resources.Function.Properties.Tags;
  const own = tags.findIndex(({ Key, Value }) => Key === 'team' && Value === 'identity');
  assert.notEqual(own, -1, 'the function has no tag of the user');
  tags.splice(own, 1);
  assert.deepEqual(made.Outputs.RegisterThis.Value, made.Outputs.RedirectUri.Value);
  delete made.Outputs.RegisterThis;
  delete made.Parameters.BootstrapVersion;
  delete made.Rules.CheckBootstrapVersion;

  // All else is the template, with each setting in the place of its parameter.
  const wanted = withValues(template, stack.resolve(parameters));
  for (const name of Object.keys(parameters)) {
    assert(name in wanted.Parameters, `the template has no parameter ${name}`);
    delete wanted.Parameters[name];
  }
  assert.deepEqual(made, wanted);

  // The validator that CDK runs. It stops a new CDK project at an error, because `cdk init` sets the flag that asks for it.
  const faults = new CloudFormationValidatePlugin()
    .validate({ templatePaths: [artifact.templateFullPath], stackTemplates: [{ templatePath: artifact.templateFullPath }] })
    .violations.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  assert.deepEqual(faults, []);
  return Object.keys(made.Resources).length;
}

/** The tree with these values in place of their parameters. */
function withValues(node, values) {
  if (typeof node === 'string') return node.replace(/\$\{(\w+)\}/g, (text, name) => values[name] ?? text);
  if (Array.isArray(node)) return node.map((it) => withValues(it, values));
  if (node === null || typeof node !== 'object') return node;
  if (node.Ref in values) return values[node.Ref];
  return Object.fromEntries(Object.entries(node).map(([key, it]) => [key, withValues(it, values)]));
}

/** What cdk-nag finds with every optional part on, or with every one off. */
function findings(folder, template, on) {
  // cdk-nag evaluates no condition: it takes every resource for deployed, and fails at an `Fn::If`. So it gets what is left
  // when every condition holds, or none, and every parameter has a value.
  const { Conditions, ...rest } = template;
  const file = join(folder, 'settled.json');
  writeFileSync(file, JSON.stringify(settled(rest, on)));
  const parameters = Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { Default }]) => [name, Default || (on ? 'set' : '')]),
  );
  const app = new App({ outdir: join(folder, 'nag.out') });
  const stack = new Stack(app, 'Connect');
  new CfnInclude(stack, 'Template', { templateFile: file, parameters });
  return new AwsSolutionsChecks(app, { verbose: true })
    .validateScope(stack)
    .violations.flatMap(({ ruleName, description, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ name: ruleName, resource: constructPath.split('/').pop(), description })),
    );
}

/** What is left of the tree when every condition holds, or none. */
function settled(node, holds) {
  const there = (it) => it?.Ref !== 'AWS::NoValue';
  if (Array.isArray(node)) return node.map((it) => settled(it, holds)).filter(there);
  if (node === null || typeof node !== 'object') return node;
  if ('Fn::If' in node) return settled(node['Fn::If'][holds ? 1 : 2], holds);
  // The condition of a resource or an output is a name. That of a policy is not.
  const conditional = (it) => typeof it?.Condition === 'string';
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, it]) => (holds || !conditional(it)) && !(key === 'Condition' && typeof it === 'string'))
      .map(([key, it]) => [key, settled(it, holds)])
      .filter(([, it]) => there(it)),
  );
}

const start = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'cdk-'));
try {
  const [file] = process.argv.slice(2);
  const template = JSON.parse(readFileSync(file));
  const resources = synthesised(file, folder, template);

  const found = [true, false].flatMap((on) => findings(folder, template, on));
  const fits = (one) => (it) =>
    it.resource === one.resource && it.name.replace(/\[.*/s, '') === one.rule && it.name.includes(one.finding ?? '');
  const bare = found.filter((it) => !REASONS.some((one) => fits(one)(it)));
  assert.deepEqual(bare, [], 'cdk-nag finds this, and REASONS has no reason for it');
  const dead = REASONS.filter((one) => !found.some(fits(one)));
  assert.deepEqual(dead, [], 'cdk-nag does not find this any more, so the reason has to go');

  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const nag = `cdk-nag ${REASONS.length} findings, all with a reason`;
  console.log(`figures: CDK synthesises ${resources} resources; ${nag}; ${seconds} s`);
} finally {
  rmSync(folder, { recursive: true });
}
