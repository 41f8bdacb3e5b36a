const t=performance.now(); await import('@mc/protocol'); const u=performance.now(); await import('./dist/bundled/index.js'); console.log((u-t).toFixed(1),(performance.now()-u).toFixed(1))
