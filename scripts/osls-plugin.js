'use strict';

const { spawnSync } = require('node:child_process');

/** Puts the Python packages of each function's `requirements` file into the zip that osls made of its code. */
module.exports = class {
    constructor(serverless, options) {
        const { service, configSchemaHandler, classes } = serverless;
        configSchemaHandler.defineFunctionProperties('aws', { properties: { requirements: { type: 'string' } } });

        const pack = () => {
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
                const { error, status } = spawnSync(provider.runtime, command, { cwd: serverless.serviceDir, stdio: 'inherit' });
                if (error) throw new classes.Error(`Packing needs ${provider.runtime}, which did not start: ${error.message}`);
                if (status) throw new classes.Error(`Packing ${file} failed: ${provider.runtime} says why above.`);
            }
        };
        this.hooks = {
            'after:package:createDeploymentArtifacts': pack,
            'after:deploy:function:packageFunction': pack,
        };
    }
};

/** The packages that nobody uses with this store: Redis's client, and what encrypts for a shared one. Together they are
 * a fifth of a small zip. */
function unused(store) {
    const scheme = store.split(':')[0].toLowerCase();
    if (scheme.startsWith('redis')) return [];
    return scheme === 'dynamodb' ? ['redis'] : ['redis', 'pynacl', 'cffi', 'pycparser'];
}
