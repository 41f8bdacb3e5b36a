/** Child elements by name; a list holds elements one behind the other, `undefined` stands for none. */
export interface XmlElement {
  readonly [name: string]: string | number | XmlElement | readonly XmlElement[] | undefined
}

const NAMESPACE = 'http://elasticache.amazonaws.com/doc/2015-02-02/'
const REQUEST_ID = '00000000-0000-4000-8000-000000000000'

/** The answer of the AWS Query protocol to an action. */
export function xmlDocument(action: string, result: XmlElement): string {
  const body = render({
    [`${action}Result`]: result,
    ResponseMetadata: { RequestId: REQUEST_ID },
  })
  return `<${action}Response xmlns="${NAMESPACE}">${body}</${action}Response>`
}

/** The answer to a request that is refused. */
export function errorDocument(code: string, message: string): string {
  const body = render({
    Error: { Type: 'Sender', Code: code, Message: message },
    RequestId: REQUEST_ID,
  })
  return `<ErrorResponse xmlns="${NAMESPACE}">${body}</ErrorResponse>`
}

function render(element: XmlElement): string {
  return Object.entries(element)
    .map(([name, content]) => {
      if (content === undefined) return ''
      if (typeof content !== 'object') return `<${name}>${escaped(String(content))}</${name}>`
      const children = Array.isArray(content) ? content : [content as XmlElement]
      return `<${name}>${children.map(render).join('')}</${name}>`
    })
    .join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
