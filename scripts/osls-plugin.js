'use strict';

const { spawnSync } = require('node:child_process');

/** Puts the Python packages of each function's `requirements` file into the zip that osls made of its code. */
module.exports = class {
  constructor(serverless, options) {
    serverless.configSchemaHandler.defineFunctionProperties('aws', { properties: { requirements: { type: 'string' } } });
    const pack = () => {
      const { provider, functions } = serverless.service;
      const artifacts = new Map(); // requirements file -> zips
      for (const name of options.function ? [options.function] : Object.keys(functions)) {
        const { requirements, package: { artifact } } = functions[name];
        if (requirements) artifacts.set(requirements, [...(artifacts.get(requirements) ?? []), artifact]);
      }
      for (const [requirements, zips] of artifacts) {
        // The Python of the functions' runtime, because a requirement may depend on the version.
        const command = ['scripts/pack.py', requirements, provider.architecture, ...zips];
        const { error, status } = spawnSync(provider.runtime, command, { cwd: serverless.serviceDir, stdio: 'inherit' });
        if (error) throw new serverless.classes.Error(`${provider.runtime} is needed to pack the functions: ${error.message}`);
        if (status) throw new serverless.classes.Error(`scripts/pack.py ${requirements} failed: see above`);
      }
    };
    this.hooks = {
      'after:package:createDeploymentArtifacts': pack,
      'after:deploy:function:packageFunction': pack,
    };
  }
};
