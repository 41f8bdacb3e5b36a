/** Arguments with which Node runs a program that imports the sources of the packages. */
export function sourceFlags(program: string): string[] {
  return ['--conditions=@mc/source', '--import', 'tsx', '--input-type=module', '-e', program]
}
