import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureWidth, renderTable } from './table.js'

test('columns stay straight beside Chinese', () => {
  const table = renderTable(
    [
      { title: 'name', align: 'left', cell: (row: { name: string; gross: string }) => row.name },
      { title: 'gross', align: 'right', cell: (row) => row.gross },
    ],
    [
      { name: '咖啡杯', gross: '113.00' },
      { name: 'cup', gross: '9.90' },
    ],
  )

  assert.deepEqual(table.split('\n').map(measureWidth), [14, 14, 14, 14])
})

test('measures full-width brackets as two columns', () => {
  assert.equal(measureWidth('张先生（个人）'), 14)
})
