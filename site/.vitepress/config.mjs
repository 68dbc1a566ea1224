// The book: docs/ as a static site. `make book` builds it into bin/book.
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..')
const docs = join(root, 'docs')
const forge = 'https://github.com/holdfast-go/holdfast'

// What is linked and is not a page of the book is read at the forge. It must exist.
function linksToSources(markdown) {
  const render = markdown.renderer.rules.link_open ?? ((tokens, i, options, _env, self) => self.renderToken(tokens, i, options))
  markdown.core.ruler.push('links-to-sources', (state) => {
    for (const block of state.tokens) {
      for (const token of block.children ?? []) {
        const href = token.type === 'link_open' && token.attrGet('href')
        if (!href || /^([a-z]+:|#|\/)/.test(href)) continue
        const [path, anchor] = href.split('#')
        const target = resolve(dirname(join(docs, state.env.relativePath)), path)
        if (!existsSync(target)) throw new Error(`${state.env.relativePath}: dead link ${href}`)
        if (target.startsWith(docs + '/') && target.endsWith('.md')) continue
        token.attrSet('href', `${forge}/tree/main/${relative(root, target)}${anchor ? '#' + anchor : ''}`)
      }
    }
  })
  markdown.renderer.rules.link_open = render
}

const page = (text, link) => ({ text, link })

export default {
  title: 'Holdfast',
  description: 'Verifies OAuth 2.0 access tokens in Go: Bearer, DPoP, mTLS',
  srcDir: '../docs',
  outDir: '../bin/book',
  cacheDir: '../bin/book-cache',
  cleanUrls: false,
  appearance: true,
  rewrites: { 'README.md': 'index.md' },
  markdown: { config: linksToSources },
  vite: {
    // docs/ has no node_modules of its own.
    resolve: {
      alias: [
        { find: /^vue\/server-renderer$/, replacement: join(root, 'site/node_modules/vue/server-renderer/index.mjs') },
        { find: /^vue$/, replacement: join(root, 'site/node_modules/vue/dist/vue.runtime.esm-bundler.js') },
      ],
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: forge }],
    sidebar: [
      {
        text: 'Use it',
        items: [
          page('Start', '/guide/start'),
          page('Protect net/http', '/guide/protect'),
          page('Routers and frameworks', '/guide/routers'),
          page('gRPC and Connect', '/guide/grpc'),
          page('Model Context Protocol', '/guide/mcp'),
          page('Issuers', '/guide/issuers'),
          page('Several domains', '/guide/domains'),
          page('Providers', '/providers'),
          page('DPoP and mTLS', '/guide/sender-constrained'),
          page('Caching', '/guide/caching'),
          page('Share: Redis or Memcached', '/guide/share'),
          page('Behind proxies', '/guide/proxies'),
          page('Operate', '/operations'),
          page('Troubleshooting', '/guide/troubleshooting'),
        ],
      },
      {
        text: 'Test and extend',
        items: [page('Test your API', '/guide/test'), page('Write an adapter', '/guide/adapter'), page('Prove your API', '/guide/prove')],
      },
      { text: 'Change', items: [page('Migrate', '/migration'), page('Compatibility', '/compatibility'), page('Compared with others', '/comparison')] },
      {
        text: 'Reference',
        items: [
          page('The rules', '/rules'),
          page('Algorithms', '/algorithms'),
          page('How it works', '/architecture'),
          page('What it costs', '/performance'),
          page('What it adds to a build', '/footprint'),
          page('Conformance results', '/conformance'),
          page('Objections', '/objections'),
          page('Vectors', '/vectors'),
          page('Mutants', '/mutants'),
          page('Assurance', '/assurance'),
          page('Cache format', '/cache-format'),
          page('Glossary', '/glossary'),
        ],
      },
    ],
  },
}
