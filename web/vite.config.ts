import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// A relative base, and no inlined asset or polyfill: so any path prefix works and the policy holds.
export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../src/toile/app/_web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
})
