import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// DOORSTEP_URL points the development server at a running Doorstep.
const target = process.env.DOORSTEP_URL ?? 'http://127.0.0.1:8080';
const proxy = { '/v1': { target, ws: true }, '/docs': target, '/openapi.json': target };

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The map library is one piece and loads only with the map.
    chunkSizeWarningLimit: 1200,
    // Nothing inlined as data: the binary serves every file under a policy of its own origin.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        // Workers come as .mjs; as .js every server knows their type.
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith('.mjs')) ? 'assets/[name]-[hash].js' : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
