// A plugin of TypeDoc: pages have the names of the packages, what a class inherits is a list of links, and
// each exported member must have a text.
import { Comment, Converter, ReflectionKind } from 'typedoc'

/** What an editor shows a text for. */
const DOCUMENTED =
  ReflectionKind.Variable |
  ReflectionKind.Function |
  ReflectionKind.ClassOrInterface |
  ReflectionKind.TypeAlias |
  ReflectionKind.ClassMember

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = `@mc/${module.name.replace('/src', '')}`
    }
    const classes = project.getReflectionsByKind(ReflectionKind.Class)
    // All lists before the first removal: a class may inherit what its base inherits.
    const lists = classes.map((owner) => [owner, inheritedBy(owner)])
    for (const [owner, members] of lists) {
      list(owner, members)
      for (const member of members.keys()) project.removeReflection(member)
    }
    const exported = project.getReflectionsByKind(DOCUMENTED).filter(isOwn)
    const bare = exported.filter((reflection) => !hasText(reflection))
    for (const reflection of bare) {
      app.logger.warn(`${reflection.getFullName()} has no documentation`)
    }
    console.log(`${exported.length - bare.length} of ${exported.length} names have documentation`)
  })
}

/** Whether these packages declare it, by a name of theirs: no inherited constructor, no field or call of a type without a name. */
function isOwn(reflection) {
  return (
    !(reflection.kindOf(ReflectionKind.Constructor) && reflection.inheritedFrom) &&
    !reflection.parent?.kindOf(ReflectionKind.TypeLiteral) &&
    !/^(\[|__type$)/.test(reflection.name) &&
    !(reflection.name === 'name' && reflection.overwrites) &&
    !/^(Record|Readonly)\./.test(reflection.inheritedFrom?.name ?? '') &&
    !isForeign(reflection)
  )
}

/** A method's text is that of its signature. */
function hasText(reflection) {
  return [reflection, reflection.getSignature, ...(reflection.signatures ?? [])].some((one) =>
    one?.hasComment(),
  )
}

/** What a class has from its bases, by member, and where it is documented: nowhere here if it is Node's. */
function inheritedBy(owner) {
  const members = new Map()
  for (const member of owner.children ?? []) {
    if (!member.inheritedFrom || member.kindOf(ReflectionKind.Constructor)) continue
    const declared = isForeign(member) ? undefined : declarationOf(member)
    if (declared !== member) members.set(member, declared)
  }
  return members
}

/** Whether Node, TypeScript or another package declares it. */
function isForeign(member) {
  const name = member.project.getSymbolIdFromReflection(member)?.packageName
  return !name?.startsWith('@mc/')
}

/** The member itself where its base is not exported. */
function declarationOf(member) {
  let declared = member
  while (declared.inheritedFrom) {
    const base = declared.inheritedFrom.reflection
    if (!base) return declared
    declared = base.kindOf(ReflectionKind.SomeSignature) ? base.parent : base
  }
  return declared
}

function list(owner, members) {
  const byBase = new Map()
  for (const declared of members.values()) {
    if (declared) byBase.set(declared.parent, [...(byBase.get(declared.parent) ?? []), declared])
  }
  if (byBase.size === 0) return
  owner.comment ??= new Comment()
  for (const [base, inherited] of byBase) {
    const links = inherited.flatMap((member) => [text(', '), link(member)]).slice(1)
    owner.comment.summary.push(text('\n\nFrom '), link(base), text(': '), ...links, text('.'))
  }
}

function text(text) {
  return { kind: 'text', text }
}

function link(target) {
  return { kind: 'inline-tag', tag: '@linkcode', text: target.name, target }
}
