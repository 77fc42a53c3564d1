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
                const file = withoutStore(requirements, provider.environment.GLM_TOKEN_STORE);
                zips.set(file, [...(zips.get(file) ?? []), artifact]);
            }
            for (const [file, artifacts] of zips) {
                // The Python of the functions' runtime: which packages are required may depend on the version.
                const command = ['scripts/pack.py', file, provider.architecture, ...artifacts];
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

/** A Redis client and its encryption are a fifth of a small zip: they go in where the deployer names a Redis. */
function withoutStore(requirements, store) {
    return store.startsWith('redis') ? requirements : requirements.replace('-store', '-core');
}
