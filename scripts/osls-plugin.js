'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Regions where functions have no URL (AWS Lambda's guide, "Creating and managing Lambda function URLs"): a function
 * would be deployed there that nobody can call. */
const WITHOUT_URLS = new Set([
    'ap-east-2', 'ap-south-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7', 'ca-west-1',
    'cn-north-1', 'cn-northwest-1', 'eu-central-2', 'eu-south-2', 'il-central-1', 'me-central-1',
]);

/** What must not be emptied by a deployment from another machine or shell, where it is not set. */
const KEPT = ['GLM_TOKENS', 'GLM_ACCESS_KEYS'];

/** What `--param` may say. */
const CHOICES = {
    runtime: ['python3.12', 'python3.13', 'python3.14'],
    architecture: ['x86_64', 'arm64'],
    functions: ['together', 'each'],
    withoutTokens: ['no', 'yes'],
    store: ['dynamodb', 'none'],
};

/** Bytes that all variables of a function may have, names and values (AWS Lambda's quotas). */
const MOST_VARIABLES = 4096;

/** Puts the Python packages of each function's `requirements` file into the zip that osls made of its code, and stops a
 * deployment that nobody could call, or that would lose the deployment's own tokens. */
module.exports = class {
    constructor(serverless, options, { log }) {
        serverless.configSchemaHandler.defineFunctionProperties('aws', { properties: { requirements: { type: 'string' } } });

        const packages = () => pack(serverless, options);
        this.hooks = {
            initialize: async () => {
                checkChoices(serverless);
                allowTokens(serverless);
                const command = serverless.processedInput.commands.join(' ');
                if (['package', 'deploy', 'deploy function'].includes(command)) {
                    checkRegion(serverless, options);
                    checkQuotes(serverless);
                    checkVariables(serverless);
                }
                if (['deploy', 'deploy function'].includes(command)) await checkTokens(serverless, options, log);
            },
            'after:package:createDeploymentArtifacts': packages,
            'after:deploy:function:packageFunction': packages,
        };
    }
};

function checkChoices({ service, classes }) {
    for (const [name, values] of Object.entries(CHOICES)) {
        const chosen = service.custom.chosen[name];
        if (!values.includes(chosen)) {
            throw new classes.Error(`--param ${name}=${chosen} is not known. Use one of: ${values.join(', ')}.`);
        }
    }
}

/** Lets the functions read what GLM_TOKENS names, and nothing else. */
function allowTokens({ service }) {
    const arn = (kind, name) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${kind.replace(':', ':${AWS::Region}:${AWS::AccountId}:')}${name}` });
    const { environment, iam } = service.provider;
    for (const [, scheme, name] of environment.GLM_TOKENS.matchAll(/\b(ssm|secretsmanager):([\w+=.@:/-]+)/g)) {
        iam.role.statements.push(scheme === 'ssm'
            ? { Effect: 'Allow', Action: ['ssm:GetParameter'], Resource: arn('ssm:parameter/', name.replace(/^\//, '')) }
            : {
                Effect: 'Allow',
                Action: ['secretsmanager:GetSecretValue'],
                // AWS puts six letters behind a secret's name.
                Resource: name.startsWith('arn:') ? name : arn('secretsmanager:secret:', `${name}-??????`),
            });
    }
}

/** A file .env ends a value at its first #, unless it is quoted: part of a key would be deployed as the key. */
function checkQuotes({ serviceDir, classes }) {
    const file = join(serviceDir, '.env');
    if (!existsSync(file)) return;
    for (const [, name, value] of readFileSync(file, 'utf8').matchAll(/^\s*(?:export\s+)?(GLM_\w+)\s*=[^\S\n]*(.*)$/gm)) {
        if (/^[^"'`#]*[^"'`#\s]#/.test(value)) {
            throw new classes.Error(`In .env the value of ${name} would end at its #. Put it in quotes: ${name}='…'.`);
        }
    }
}

/** CloudFormation would say so only after it has made everything else. */
function checkVariables({ service, classes }) {
    for (const [name, { environment }] of Object.entries(service.functions)) {
        const variables = Object.entries({ ...service.provider.environment, ...environment });
        const sum = variables.reduce((bytes, [key, value]) => bytes + Buffer.byteLength(key + String(value)), 0);
        if (sum <= MOST_VARIABLES) continue;
        throw new classes.Error(
            `The variables of ${name} have ${sum} bytes, and Lambda takes ${MOST_VARIABLES}: about nine tokens. Put the `
            + 'tokens into a parameter, and its name here: GLM_TOKENS=ssm:/glm/tokens ("Many tokens" in docs/deploy.md).',
        );
    }
}

function checkRegion({ service, classes }, options) {
    const { region } = service.provider;
    if (!options.region && process.env.AWS_REGION === '') { // osls would take us-east-1.
        throw new classes.Error(
            'AWS_REGION is set, and empty. Remove it, for Tokyo, or name a region: AWS_REGION=ap-east-1 (Hong Kong).',
        );
    }
    if (!WITHOUT_URLS.has(region)) return;
    throw new classes.Error(
        `Functions have no URLs in ${region}, so nobody could call these. Choose another region: for example `
        + 'AWS_REGION=ap-northeast-1 (Tokyo) or ap-east-1 (Hong Kong), in .env or in this shell.',
    );
}

/** Compares with the functions that are there: what is empty now and was not would be lost with this deployment. */
async function checkTokens(serverless, options, log) {
    const { service, classes } = serverless;
    const empty = KEPT.filter(name => !service.provider.environment[name]);
    if (!empty.length || service.custom.chosen.withoutTokens === 'yes') return;
    for (const name of options.function ? [options.function] : Object.keys(service.functions)) {
        const deployed = await environment(serverless.getProvider('aws'), service.functions[name].name, log);
        const lost = empty.filter(variable => deployed[variable]);
        if (!lost.length) continue;
        throw new classes.Error(
            `${lost.join(' and ')} would be emptied: what is deployed has a value, and here there is none. `
            + 'Set it in .env or in this shell, or deploy without it: --param withoutTokens=yes.',
        );
    }
}

/** The environment of a deployed function; empty where there is none yet, or where it may not be looked at. */
async function environment(aws, name, log) {
    const { LambdaClient, GetFunctionConfigurationCommand } = require.main.require('@aws-sdk/client-lambda'); // osls's own
    try {
        const lambda = new LambdaClient(await aws.getAwsSdkV3Config());
        const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
        return found.Environment?.Variables ?? {};
    } catch (error) {
        if (error.name !== 'ResourceNotFoundException') {
            log.warning(`Whether ${name} has tokens that are not set here could not be found out: ${error.message}`);
        }
        return {};
    }
}

function pack({ service, classes, serviceDir }, options) {
    const { provider, functions } = service;
    const zips = new Map(); // of each requirements file
    for (const name of options.function ? [options.function] : Object.keys(functions)) {
        const { requirements, package: { artifact } } = functions[name];
        zips.set(requirements, [...(zips.get(requirements) ?? []), artifact]);
    }
    const without = unused(provider.environment.GLM_TOKEN_STORE).map(name => `--without=${name}`);
    for (const [file, artifacts] of zips) {
        // The Python of the functions' runtime: which packages are required may depend on the version.
        const command = ['scripts/pack.py', ...without, file, provider.architecture, ...artifacts];
        const { error, status } = spawnSync(provider.runtime, command, { cwd: serviceDir, stdio: 'inherit' });
        if (error) throw new classes.Error(`Packing needs ${provider.runtime}, which did not start: ${error.message}`);
        if (status) throw new classes.Error(`Packing ${file} failed: ${provider.runtime} says why above.`);
    }
}

/** The packages that nobody uses with this store: Redis's client, and what encrypts for a shared one. Together they are
 * a fifth of a small zip. */
function unused(store) {
    const scheme = store.split(':')[0].toLowerCase();
    if (scheme.startsWith('redis')) return [];
    return scheme === 'dynamodb' ? ['redis'] : ['redis', 'pynacl', 'cffi', 'pycparser'];
}
