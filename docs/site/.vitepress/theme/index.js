// The theme without its web font: readers have good fonts of their own.
import DefaultTheme from 'vitepress/theme-without-fonts'
import './style.css'

export default DefaultTheme
